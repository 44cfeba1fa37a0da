"""The demo: one generated patient, a dozen made of openly licensed series, those who care for them. Pure."""
