"""A trace as one HTML page: figures over time, distributions, and what is to be known of it."""

from pathlib import Path

from cloudsim.atomic_file import replace_text
from cloudsim.report.document import document
from cloudsim.report.figure import Section, table
from cloudsim.report.wording import markup
from cloudsim.trace_page.market import market_sections
from cloudsim.trace_page.requests import request_sections
from traces.inspection.inspect import Inspection
from traces.inspection.market import MarketFigures
from traces.inspection.requests import RequestFigures


def write_page(inspection: Inspection, path: Path) -> None:
    """Write the page of an inspection; an existing file is replaced at once or not at all."""
    replace_text(path, render(inspection))


def render(inspection: Inspection) -> str:
    """The HTML text; the same trace gives the same bytes."""
    found, figures = inspection.document(), inspection.figures
    sections: list[Section] = []
    if isinstance(figures, RequestFigures):
        sections = request_sections(figures, found)
    elif isinstance(figures, MarketFigures):
        sections = market_sections(figures, found)
    name = Path(found["file"]).name
    return document(f"cloudsim: {name}", f"{found['kind'].capitalize()}: {name}", [*sections, _known(found)], _problems(found))


def _problems(found: dict[str, object]) -> str:
    problems = found["problems"]
    assert isinstance(problems, list)
    return "".join(f"<p class='note'>{markup(problem)}</p>" for problem in problems)


def _known(found: dict[str, object]) -> Section:
    facts, steps = found["facts"], found["conversion"]
    assert isinstance(facts, dict)
    assert isinstance(steps, list)
    rows = [
        ("file", found["file"]), ("kind", found["kind"]), ("format", found["format"]), ("data set", found["data_set"]),
        ("licence", found["licence"]), ("rows", f"{found['rows']:,}"), ("rows left out", found["skipped_rows"]),
        ("rows with moved numbers", found["clipped_rows"]), ("second 0", found["start"]), *facts.items(),
        *((f"step {number}", step) for number, step in enumerate(steps, 1)),
    ]  # fmt: skip
    shown = [(None, [str(name), str(value)]) for name, value in rows if value not in (None, "", 0)]
    html = table("What it is and where it comes from", ["what", "value"], shown).replace("<details>", "<details open>")
    return Section("source", "Source", "", html=html)
