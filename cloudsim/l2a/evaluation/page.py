"""The result as one HTML page that needs nothing from outside."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsim.l2a.evaluation.drawings import budget_figure, difficulty_figure, frontier_figure, layer_figure, timing_figure
from cloudsim.l2a.training.files import replace_text
from cloudsim.report.elements import drawings_json, section_html
from cloudsim.report.figure import Section
from cloudsim.report.page import POLICY
from cloudsim.report.wording import markup

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.result import Result


def write_page(path: Path, result: "Result") -> None:
    """Write the page; an existing one is replaced at once."""
    from plotly.offline import get_plotlyjs

    sections = page_sections(result)
    parts = files("cloudsim.report")
    links = "".join(f'<a href="#{markup(section.name)}">{markup(section.title)}</a>' for section in sections)
    absent = "".join(f"<p class='note'>Left out: {markup(line)}</p>" for line in result.left_out)
    replace_text(
        path,
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>Elastic model: evaluation</title><style>{(parts / 'page.css').read_text('utf-8')}</style></head><body>"
        f"<header><h1>What does the elastic model lose when it skips?</h1><nav aria-label='Sections'>{links}</nav></header>"
        f"<main><noscript><p class='note'>The figures need JavaScript; the tables do not.</p></noscript>{absent}"
        f"{''.join(map(section_html, sections))}</main>"
        f'<script type="application/json" id="figures">{drawings_json(sections)}</script>'
        f"<script>{get_plotlyjs()}</script><script>{(parts / 'page.js').read_text('utf-8')}</script></body></html>\n",
    )


def page_sections(result: "Result") -> list[Section]:
    """The sections in the order of the page."""
    points, splits = result.points, list(dict.fromkeys(cell.split for cell in result.tables))
    text = (
        "Compute is the multiply-adds of projections and MLPs for one token, as a share of the dense model's. Bars are 95 % intervals "
        "(Wilson). Every method answers the same problems."
    )
    sections = [Section("frontier", "Accuracy against compute", text, [frontier_figure(points, split) for split in splits])]
    harder = [figure for split in splits if (figure := difficulty_figure(result, split)) is not None]
    if harder:
        text = "Difficulty is the number of steps that must be done one after the other."
        sections.append(Section("difficulty", "By difficulty", text, harder))
    text = "What the budget asks for, and what the sequences ran."
    sections.append(Section("budget", "Budget and realised compute", text, [budget_figure(points, split) for split in splits]))
    layers = [figure for split in splits if (figure := layer_figure(result, split)) is not None]
    if layers:
        sections.append(Section("layers", "Which layers are skipped", "Bright is skipped by all problems.", layers))
    if result.timings:
        text = "Same tokens, same number of them, in turns on one thread; medians."
        sections.append(Section("time", "Decode time", text, [timing_figure(result.timings)]))
    return sections
