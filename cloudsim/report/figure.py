"""What a section hands to the page: figures with a caption, their selectors, and the small tables beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudsim.report.wording import markup


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing: a title, Plotly traces and a Plotly layout (without template: the page sets light or dark)."""

    title: str
    traces: list[Any]
    layout: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One drawing, or several to choose from, with what a reader should see in it.

    Args:
        name: stable identifier, used in the page as `figure-<name>`.
        caption: one line that says what to see; also the figure's label for screen readers.
        plots: drawing by the choice of every selector of the section, joined with "|"; the only key is "" without selectors.
        table: HTML of a small data table, or empty.
        wide: takes the full width of the page.
    """

    name: str
    caption: str
    plots: dict[str, Plot]
    table: str = ""
    wide: bool = False

    @property
    def first(self) -> Plot:
        """The drawing shown when the page opens."""
        return next(iter(self.plots.values()))


@dataclass(frozen=True, slots=True)
class Selector:
    """A choice above the figures of a section; `options` are (value, text), `names` what it chooses."""

    label: str
    options: Sequence[tuple[str, str]]
    names: str


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page: figures under a heading, with one paragraph that explains the terms."""

    name: str
    title: str
    text: str
    figures: Sequence[Figure] = ()
    selectors: Sequence[Selector] = ()
    html: str = field(default="")


def table(caption: str, head: Sequence[str], rows: Sequence[tuple[str | None, Sequence[str]]]) -> str:
    """A collapsible data table.

    Args:
        caption: text of the line that opens it.
        head: column names.
        rows: the contender a row belongs to (hidden with it; None for none) and its cells, as plain text.
    """
    columns = "".join(f'<th scope="col">{markup(name)}</th>' for name in head)
    body = []
    for contender, (first, *rest) in rows:
        owner = "" if contender is None else f' data-contender="{markup(contender)}"'
        cells = "".join(f"<td>{markup(cell)}</td>" for cell in rest)
        body.append(f'<tr{owner}><th scope="row">{markup(first)}</th>{cells}</tr>')
    return (
        f"<details><summary>{markup(caption)}</summary>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{markup(caption)}">'
        f"<table><thead><tr>{columns}</tr></thead><tbody>{''.join(body)}</tbody></table></div></details>"
    )
