"""Reads of the twin: queryset in, queryset out, or a value made of a bounded number of queries."""
