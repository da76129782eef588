"""The parts of the page as HTML, and its drawings as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cloudsim.report.figure import Figure, Plot, Section
from cloudsim.report.palette import looks
from cloudsim.report.swatch import swatch
from cloudsim.report.wording import embedded_json, markup


def heading_html(summary: Mapping[str, Any], config: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """What was run, in one line, and how sound its inputs are."""
    entries = summary["contenders"]
    arrived = next(iter(entries.values())).get("arrived", {})
    seeds = len(arrived.get("seeds", []))
    minutes = config.get("duration_s", 0) / 60
    mean = arrived.get("mean") or 0
    facts = f"{len(entries)} contender{'s' * (len(entries) != 1)}, {seeds} seed{'s' * (seeds != 1)}, {minutes:,.0f} simulated minutes, "
    facts += f"{mean:,.0f} requests a run on average. Created {manifest.get('created', 'at an unknown time')} "
    facts += f"with cloudsim {manifest.get('cloudsim_version', '(unknown version)')}."
    worst = markup(manifest.get("weakest_provenance", "measured"))
    return (
        "<h1>Which fleet keeps its promises, how well and at what cost?</h1>"
        f'<p>{markup(facts)} Weakest provenance: <a class="badge {worst}" href="#provenance">{worst}</a></p>'
    )


def toggles_html(contenders: Sequence[str]) -> str:
    """A check box for each contender, which shows or hides it in every figure and table."""
    style = looks(contenders)
    boxes = "".join(
        f'<label><input type="checkbox" checked data-toggle="{markup(name)}">{swatch(style[name])}<span>{markup(name)}</span></label>'
        for name in contenders
    )
    return f"<fieldset class='toggles'><legend>Show contenders</legend><div class='row'>{boxes}</div></fieldset>"


def section_html(section: Section) -> str:
    """A section with its selectors and empty boxes for its drawings."""
    name = markup(section.name)
    text = f"<p>{markup(section.text)}</p>" if section.text else ""
    chosen = "".join(
        f"<label>{markup(item.label)} <select data-section='{name}' data-names='{markup(item.names)}'>"
        + "".join(f'<option value="{markup(value)}">{markup(shown)}</option>' for value, shown in item.options)
        + "</select></label>"
        for item in section.selectors
    )
    selectors = f"<div class='selectors'>{chosen}</div>" if chosen else ""
    figures = "".join(_figure(figure) for figure in section.figures)
    return (
        f"<section id='{name}' aria-labelledby='{name}-title'><h2 id='{name}-title'>{markup(section.title)}</h2>"
        f"{text}{section.html}{selectors}<div class='figures'>{figures}</div></section>"
    )


def _figure(figure: Figure) -> str:
    name, caption = markup(figure.name), markup(figure.caption)
    height = figure.first.layout["height"]
    return (
        f"<figure id='figure-{name}'{' class=wide' if figure.wide else ''}><h3 id='title-{name}'>{markup(figure.first.title)}</h3>"
        f'<div class="plot" id="plot-{name}" role="img" aria-label="{caption}" style="min-height:{height}px"></div>'
        f"<figcaption>{caption}</figcaption>{figure.table}</figure>"
    )


def drawings_json(sections: Sequence[Section]) -> str:
    """All drawings as JSON: a list of {name, section, plots: {choice: {title, data, layout}}}."""
    entries = []
    for section in sections:
        for figure in section.figures:
            plots = ",".join(f"{embedded_json(json.dumps(key))}:{_drawing(plot)}" for key, plot in figure.plots.items())
            entries.append(
                f'{{"name":{embedded_json(json.dumps(figure.name))},"section":{embedded_json(json.dumps(section.name))},"plots":{{{plots}}}}}'
            )
    return f"[{','.join(entries)}]"


def _drawing(plot: Plot) -> str:
    import plotly.graph_objects as go
    from plotly.io import to_json

    # An empty template keeps Plotly's own light one out, which would win over the page's.
    figure: Any = go.Figure(plot.traces, {"template": {}, **plot.layout})
    drawing = to_json(figure, engine="json")
    return f'{{"title":{embedded_json(json.dumps(plot.title))},"figure":{embedded_json(drawing)}}}'
