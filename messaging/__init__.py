"""Conversations between patients and clinicians, and the decisions they take together."""
