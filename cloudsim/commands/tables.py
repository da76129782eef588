"""Where tables are printed, and what of them where there is little room."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

WIDTH_WITHOUT_TERMINAL = 160


def table_console() -> Console:
    """As wide as the terminal; in a file or a pipe wide enough for every table."""
    return Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)


def print_table(console: Console, table: Table, spare: Sequence[str] = (), elsewhere: str = "") -> None:
    """Print a table; where it is wider than the console, without some columns rather than with all of them squeezed.

    Args:
        spare: heads of columns that may go, the first one first; those that the table lacks are passed over.
        elsewhere: where the whole table is, for the line that says what is missing.
    """
    natural = console.options.update(width=10 * WIDTH_WITHOUT_TERMINAL)
    missing: list[str] = []
    shown = table
    heads = {column.header for column in table.columns}
    for head in (head for head in spare if head in heads):
        if Measurement.get(console, natural, shown).maximum <= console.width:
            break
        missing.append(head)
        shown = _without(table, missing)
    console.print(shown)
    if missing:
        console.print(
            f"no room for {', '.join(missing)}{elsewhere and f': see {elsewhere}'}", highlight=False, soft_wrap=True, markup=False
        )


def _without(table: Table, heads: Sequence[str]) -> Table:
    kept = [column for column in table.columns if column.header not in heads]
    shown = Table(title=table.title)
    for column in kept:
        shown.add_column(column.header, justify=column.justify, no_wrap=column.no_wrap)
    for row in zip(*(column.cells for column in kept), strict=True):
        shown.add_row(*row)
    return shown
