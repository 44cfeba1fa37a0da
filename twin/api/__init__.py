"""The twin's JSON edges, by their nouns."""
