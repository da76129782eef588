"""Measuring an elastic model against its baselines: same problems, same words, same way to count compute."""
