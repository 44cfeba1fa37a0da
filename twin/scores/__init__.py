"""Scores of measurements, of a glucose sensor and of genes, each over its own data file. Pure."""
