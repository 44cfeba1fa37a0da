"""The twin: what is known of a person's body, and what it will likely do next."""
