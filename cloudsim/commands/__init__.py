"""The subcommands: each module has a `main` that takes its arguments and returns the exit code."""
