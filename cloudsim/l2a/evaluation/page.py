"""The result as one HTML page that needs nothing from outside."""

from pathlib import Path
from typing import TYPE_CHECKING

from cloudsim.atomic_file import replace_text
from cloudsim.l2a.evaluation.drawings import budget_figure, difficulty_figure, frontier_figure, layer_figure, timing_figure
from cloudsim.report.document import document
from cloudsim.report.figure import Section
from cloudsim.report.wording import markup

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.result import Result


def write_page(path: Path, result: "Result") -> None:
    """Write the page; an existing one is replaced at once."""
    absent = "".join(f"<p class='note'>Left out: {markup(line)}</p>" for line in result.left_out)
    heading = "What does the elastic model lose when it skips?"
    replace_text(path, document("Elastic model: evaluation", heading, page_sections(result), absent))


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
