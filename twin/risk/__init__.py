"""Validated risk equations and questionnaires, each over its coefficient file in data/risk/. Pure."""
