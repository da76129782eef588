"""The ways to spend less than the dense model, one file each."""
