"""What a patient takes along: series as tables, records as FHIR, an index. Pure; intake reads it back."""
