"""The latency section: distribution functions with the promises of the tiers as vertical lines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cloudsim.report.figure import Figure, Plot, Section, Selector, table
from cloudsim.report.latency import COLUMNS, QUANTILES, Curve
from cloudsim.report.palette import looks
from cloudsim.report.wording import NOTHING, exact_seconds, label, seconds

TITLES = {"ttft_s": "Time to first token", "tpot_s": "Time per output token", "e2e_s": "End-to-end latency"}
CAPTIONS = {
    "ttft_s": "How long users wait for the first word. Where a curve crosses an SLA line you read the share that kept it.",
    "tpot_s": "How fast the answer flows after the first token; mean time per token of each request.",
    "e2e_s": "From arrival to the last token. A curve further left is faster.",
}
LINE_DASHES = ("dash", "dot", "dashdot", "solid")
SHOWN_QUANTILES = (0.5, 0.9, 0.99)


def latency_section(curves: Sequence[Curve], tiers: Mapping[str, Mapping[str, float]]) -> Section:
    """Three figures with one tier selector.

    Args:
        curves: from `latency_info`.
        tiers: `config["tiers"]`: by tier the promised ttft_s, tpot_s and e2e_s.
    """
    choices: list[tuple[str, str | None]] = [("all", None), *((str(i), name) for i, name in enumerate(tiers))]
    figures = []
    for latency in COLUMNS:
        mine = [curve for curve in curves if curve.latency == latency]
        plots = {}
        for key, tier in choices:
            lines = {name: promise[latency] for name, promise in tiers.items() if tier in (None, name)}
            plots[key] = _plot(latency, [curve for curve in mine if curve.tier == tier], lines)
        figures.append(Figure(f"latency-{latency.removesuffix('_s')}", CAPTIONS[latency], plots, _table(mine), wide=latency == "e2e_s"))
    text = "Curves hold completed requests of all replications; a request that was lost, rejected or unfinished "
    text += "has no latency and is left out, as each title says. Compare curves only together with SLA attainment, which counts them."
    selector = Selector("Tier", [(key, tier or "all tiers") for key, tier in choices], "tier")
    return Section("latency", "Latency", text, figures, [selector])


def _plot(latency: str, curves: Sequence[Curve], promises: Mapping[str, float]) -> Plot:
    import plotly.graph_objects as go

    style = looks([curve.contender for curve in curves])
    traces: list[Any] = []
    for curve in curves:
        if not curve.completed:
            continue
        look, name = style[curve.contender], label(curve.contender)
        traces.append(
            go.Scatter(
                x=curve.quantiles_s.astype(np.float32),
                y=QUANTILES.astype(np.float32),
                mode="lines",
                name=name,
                showlegend=True,
                line={"color": look.colour, "dash": look.dash, "width": 2},
                meta={"contender": curve.contender},
                hovertemplate=f"{name}: %{{y:.1%}} within %{{x:.3~g}} s<extra></extra>",
            )
        )
    lines, notes = [], []
    for i, (tier, promised) in enumerate(promises.items()):
        dash = LINE_DASHES[i % len(LINE_DASHES)]
        lines.append(
            {
                "type": "line",
                "x0": promised,
                "x1": promised,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": "#8C8C8C", "width": 1.5, "dash": dash},
            }
        )
        # Annotations on a logarithmic axis take the exponent, shapes the value: Plotly's own rule.
        notes.append(
            {
                "x": float(np.log10(promised)),
                "y": 0.02,
                "yref": "paper",
                "yanchor": "bottom",
                "xanchor": "left",
                "textangle": -90,
                "showarrow": False,
                "text": f"{label(tier)} {exact_seconds(promised)}",
                "font": {"size": 11},
            }
        )
    layout = {
        "height": 380,
        "hovermode": "closest",
        "shapes": lines,
        "annotations": notes,
        "xaxis": {
            "type": "log",
            "title": {"text": "seconds (logarithmic)"},
            "range": _range(curves, promises),
            "dtick": "D2",
            "tickformat": "~g",
        },
        "yaxis": {"title": {"text": "share of completed requests"}, "tickformat": ".0%", "range": [0, 1.03]},
    }
    return Plot(_title(latency, curves), traces, layout)


def _range(curves: Sequence[Curve], promises: Mapping[str, float]) -> list[float]:
    """Exponents that show the promises and all but the fastest 0.5 % and the slowest 0.03 % of the requests."""
    edges = [curve.quantiles_s[at] for curve in curves if curve.completed for at in (2, -3)] + list(promises.values())
    positive = [edge for edge in edges if edge > 0] or [0.1, 10.0]
    return [float(np.log10(min(positive))) - 0.1, float(np.log10(max(positive))) + 0.25]


def _title(latency: str, curves: Sequence[Curve]) -> str:
    left: dict[str, int] = {}
    for curve in curves:
        for word, number in curve.left_out.items():
            left[word] = left.get(word, 0) + number
    completed = sum(curve.completed for curve in curves)
    words = ", ".join(f"{number:,} {word}" for word, number in left.items())
    if not completed:
        return f"{TITLES[latency]}: no completed request ({words or 'none arrived'})"
    return f"{TITLES[latency]} of {completed:,} completed requests; {f'left out: {words}' if left else 'none left out'}"


def _table(curves: Sequence[Curve]) -> str:
    places = [int(np.argmin(np.abs(QUANTILES - share))) for share in SHOWN_QUANTILES]
    rows = []
    for curve in curves:
        shown = [seconds(float(curve.quantiles_s[at])) if curve.completed else NOTHING for at in places]
        left = ", ".join(f"{number:,} {word}" for word, number in curve.left_out.items()) or "0"
        rows.append((curve.contender, [curve.contender, curve.tier or "all tiers", *shown, f"{curve.completed:,}", left]))
    return table("Percentiles", ["contender", "tier", *(f"p{share * 100:g}" for share in SHOWN_QUANTILES), "completed", "left out"], rows)
