"""Sources that make a trace from a few statistics."""
