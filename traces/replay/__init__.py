"""Sources that replay a file of any known format."""
