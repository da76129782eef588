"""Sources that replay a published file."""
