"""Generators fitted to a trace: a specification, how sure its numbers are, and how like the trace is what it makes."""
