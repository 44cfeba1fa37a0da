"""A package, so that its servers and browser can end with it."""
