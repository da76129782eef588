"""The error of everything that reads, makes or checks a trace."""


class TraceError(Exception):
    """A trace that cannot be used.

    Args:
        problems: one line each; names the file and line (or the option), what was found, what is accepted and what to do.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)
