"""Bytes in, items out: one module a format, all pure and in constant memory."""
