"""Profiles measured with the embedded models; see docs/live.md."""
