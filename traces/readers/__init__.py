"""One file a format, each with its READER; found by `traces.reading.registry`."""
