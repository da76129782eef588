"""Where trainings get their rows from besides the procedural problems: a user's files, another package's generators, a model's own text."""
