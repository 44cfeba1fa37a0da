"""Medication and screening: what is due, and whether it was done."""
