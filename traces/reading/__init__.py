"""From a file of any known format to a checked table."""
