"""Wire shapes of the twin, by their nouns; no queries, no writes."""
