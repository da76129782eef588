"""Dense models that others trained."""
