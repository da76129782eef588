"""Where tables are printed."""

import sys

from rich.console import Console

WIDTH_WITHOUT_TERMINAL = 160


def table_console() -> Console:
    """As wide as the terminal; in a file or a pipe wide enough for every table."""
    return Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)
