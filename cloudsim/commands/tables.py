"""Where tables are printed, and what of them where there is little room."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH_WITHOUT_TERMINAL = 160
WORDS = ("kind", "step times", "data sheet", "span", "licence", "title")


def table_console() -> Console:
    """As wide as the terminal; in a file or a pipe wide enough for every table."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)


def simple_table(title: str, heads: Sequence[str], left: int) -> Table:
    """A plain table; the first `left` columns, and those of words, are flush left."""
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(title=title, title_justify="left", caption_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    for index, head in enumerate(heads):
        table.add_column(head, no_wrap=index == 0, justify="left" if index < left or head in WORDS else "right")
    return table


def print_table(console: Console, table: Table, spare: Sequence[str] = (), elsewhere: str = "") -> None:
    """Print a table; where it is wider than the console, without some columns rather than with all of them squeezed.

    Args:
        spare: heads of columns that may go, the first one first; those that the table lacks are passed over.
        elsewhere: where the whole table is, for the line that says what is missing.
    """
    from rich.measure import Measurement

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
    from rich.table import Table

    kept = [column for column in table.columns if column.header not in heads]
    shown = Table(title=table.title, title_justify=table.title_justify, box=table.box, padding=table.padding)
    for column in kept:
        shown.add_column(column.header, justify=column.justify, no_wrap=column.no_wrap)
    for row in zip(*(column.cells for column in kept), strict=True):
        shown.add_row(*row)
    return shown
