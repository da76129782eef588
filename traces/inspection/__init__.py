"""What a trace says: the figures of `traces inspect`, gathered while the file is read."""
