"""The report as one HTML file that needs nothing from outside."""

import os
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsim.errors import ResultError
from cloudsim.report.document import POLICY
from cloudsim.report.elements import drawings_json, heading_html, section_html, toggles_html
from cloudsim.report.figure import Section
from cloudsim.report.wording import markup

if TYPE_CHECKING:
    from cloudsim.results import RunFolder


def write_report(run: Path, output: Path | None = None) -> Path:
    """Write the report of a run folder and return its path.

    Args:
        run: the run folder.
        output: the HTML file; `report.html` in the run folder if None. An existing file is replaced at once or not at all.

    Raises:
        ResultError: the folder cannot be read, or the file cannot be written.
    """
    from cloudsim import results

    target = Path(output) if output is not None else Path(run) / "report.html"
    if target.is_dir():
        raise ResultError(f"{target} is a folder: give the name of the HTML file to write, such as {target / 'report.html'}")
    text = render(results.load(Path(run)))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, suffix=".tmp", delete=False) as file:
            try:
                file.write(text)
                file.flush()
                os.chmod(file.name, 0o644)
                os.replace(file.name, target)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise ResultError(f"{target}: the report cannot be written ({error.strerror}); choose another place with an output path") from error
    return target


def render(folder: "RunFolder") -> str:
    """The HTML text of the report; the same folder gives the same bytes."""
    from plotly.offline import get_plotlyjs

    sections = report_sections(folder)
    contenders = list(folder.summary["contenders"])
    title = f"cloudsim: {', '.join(contenders)}"
    parts = files("cloudsim.report")
    links = "".join(f'<a href="#{section.name}">{markup(section.title)}</a>' for section in sections)
    heading = heading_html(folder.summary, folder.config, folder.manifest)
    body = "".join(section_html(section) for section in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{markup(title)}</title><style>{(parts / 'page.css').read_text('utf-8')}</style></head><body>"
        f"<header>{heading}<nav aria-label='Sections'>{links}</nav></header>{toggles_html(contenders)}"
        f"<main><noscript><p class='note'>The figures need JavaScript; the tables do not.</p></noscript>{body}</main>"
        f'<script type="application/json" id="figures">{drawings_json(sections)}</script>'
        f"<script>{get_plotlyjs()}</script><script>{(parts / 'page.js').read_text('utf-8')}</script></body></html>\n"
    )


def report_sections(folder: "RunFolder") -> list[Section]:
    """All sections in the order of the page."""
    from cloudsim.report.budget import budget_info, budget_section
    from cloudsim.report.cost import cost_section
    from cloudsim.report.fleet_figure import fleet_section
    from cloudsim.report.fleet_timeline import fleet_info
    from cloudsim.report.hardware import hardware_info, hardware_section
    from cloudsim.report.latency import latency_info
    from cloudsim.report.latency_figure import latency_section
    from cloudsim.report.load import load_section
    from cloudsim.report.over_time import TimeGrid
    from cloudsim.report.provenance import provenance_section
    from cloudsim.report.quality import quality_section
    from cloudsim.report.sla_over_time import sla_section
    from cloudsim.report.verdict import verdict_info
    from cloudsim.report.verdict_table import verdict_section

    verdict = verdict_info(folder.summary)
    grid = TimeGrid(folder.timeline, verdict.contenders)
    tiers = folder.config["tiers"]
    return [
        verdict_section(verdict),
        sla_section(grid),
        fleet_section(fleet_info(folder.nodes, folder.changes, verdict.contenders, range(max(1, verdict.seeds))), grid),
        *([hardware_section(hardware_info(folder.changes, folder.summary), grid)] if len(folder.changes) else []),
        load_section(grid),
        budget_section(budget_info(folder.request_parts, verdict.contenders, list(tiers)), grid),
        latency_section(latency_info(folder.request_parts, verdict.contenders, list(tiers)), tiers),
        cost_section(folder.summary, grid),
        quality_section(verdict),
        provenance_section(folder.manifest, folder.config),
    ]
