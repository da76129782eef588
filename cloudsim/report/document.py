"""Pages of figures under one heading, as one HTML file that needs nothing from outside."""

from collections.abc import Sequence
from importlib.resources import files

from cloudsim.report.elements import drawings_json, section_html
from cloudsim.report.figure import Section
from cloudsim.report.wording import markup

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""Content security policy: the browser itself refuses every outside request."""


def document(title: str, heading: str, sections: Sequence[Section], before: str = "") -> str:
    """The page.

    Args:
        title, heading: plain text.
        before: HTML above the first section.
    """
    from plotly.offline import get_plotlyjs

    parts = files("cloudsim.report")
    links = "".join(f'<a href="#{markup(section.name)}">{markup(section.title)}</a>' for section in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{markup(title)}</title><style>{(parts / 'page.css').read_text('utf-8')}</style></head><body>"
        f"<header><h1>{markup(heading)}</h1><nav aria-label='Sections'>{links}</nav></header>"
        f"<main><noscript><p class='note'>The figures need JavaScript; the tables do not.</p></noscript>{before}"
        f"{''.join(map(section_html, sections))}</main>"
        f'<script type="application/json" id="figures">{drawings_json(sections)}</script>'
        f"<script>{get_plotlyjs()}</script><script>{(parts / 'page.js').read_text('utf-8')}</script></body></html>\n"
    )
