"""Tables of a terminal as Markdown, to be pasted into a document."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def markdown_table(table: "Table") -> str:
    """The title as a heading, and the rows; columns that a terminal sets to the right stand to the right here too."""
    columns = [(str(column.header), column.justify == "right", list(map(str, column.cells))) for column in table.columns]
    rows = zip(*(cells for _, _, cells in columns), strict=True)
    lines = [
        _row([head for head, _, _ in columns]),
        _row(["---:" if right else "---" for _, right, _ in columns]),
        *(_row(list(cells)) for cells in rows),
    ]
    return "\n".join([f"## {table.title}", "", *lines, ""])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
