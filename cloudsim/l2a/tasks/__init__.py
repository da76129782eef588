"""Procedural reasoning problems with verified answers: the data of the embedded model."""
