"""The league as one HTML page that needs nothing from outside."""

from typing import Any

from cloudsim.league.document import League, provenance
from cloudsim.league.ranking import Result, Standing
from cloudsim.league.score import SHOWN
from cloudsim.league.table import mark, notes, percent
from cloudsim.report.document import document
from cloudsim.report.figure import Figure, Plot, Section, Selector, table
from cloudsim.report.measures import measure
from cloudsim.report.palette import CONTENDER_COLOURS, looks
from cloudsim.report.provenance import provenance_section
from cloudsim.report.wording import NOTHING, label, markup
from cloudsim.standing_run import relevant

ROW_PX, HEAD_PX = 26, 130


def render(league: League) -> str:
    """The HTML text; the same runs give the same bytes."""
    sections = [_standings(league), _regret(league), _differences(league), _metrics(league), _sources(league)]
    heading = f"Which {league.kind} policy is worth most?"
    return document(f"cloudsim: league of {league.kind}", heading, sections)


def _standings(league: League) -> Section:
    names = list(league.played)
    head = "".join(f'<th scope="col">{markup(name)}</th>' for name in ("policy", "rank", "mean regret", *names))
    rows = []
    for one in league.ranking.standings:
        cells = "".join(_value(one.results.get(name)) for name in names)
        place = str(one.rank) if one.rank else "bound" if one.oracle else NOTHING
        rows.append(f'<tr><th scope="row">{markup(one.policy)}</th><td>{place}</td><td>{percent(one.mean_regret)}</td>{cells}</tr>')
    told = "".join(f"<li>{markup(line)}</li>" for line in notes(league))
    html = (
        '<div class="scroll" tabindex="0" role="region" aria-label="Ranking">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div><ul class='note'>{told}</ul>"
    )
    return Section("ranking", "Ranking", "Net value in each scenario, US dollars an hour.", html=html)


def _value(result: Result | None) -> str:
    if result is None:
        return "<td>failed</td>"
    sign = mark(result)
    kind = "" if not sign else "better" if result.difference is not None and result.difference.mean > 0 else "worse"
    shown = f' <span class="{kind}">{sign}</span>' if sign else ""
    return f"<td>{result.usd_per_h:,.2f}{shown}</td>"


def _regret(league: League) -> Section:
    import plotly.graph_objects as go

    names, standings = list(league.played), league.ranking.standings[::-1]  # Plotly's first row is the lowest
    regret = [[_regret_of(one, name) for name in names] for one in standings]
    heat = go.Heatmap(
        x=[label(name) for name in names],
        y=[label(one.policy) for one in standings],
        z=regret,
        text=[[NOTHING if value is None else f"{100 * value:.1f} %" for value in row] for row in regret],
        texttemplate="%{text}",
        colorscale=[[0, "#eaf3fa"], [1, CONTENDER_COLOURS[0]]],
        zmin=0,
        colorbar={"tickformat": ".0%", "title": {"text": "regret"}},
        hovertemplate="%{y}, %{x}: %{z:.2%} of the bound missed<extra></extra>",
    )
    plot = Plot("Regret by policy and scenario", [heat], {"height": HEAD_PX + ROW_PX * len(standings), "xaxis": {"side": "top"}})
    bounds = [
        (None, [name, one.policy, f"{one.usd_per_h:,.2f}", "yes" if one.clairvoyant else "no"])
        for name, one in league.ranking.bounds.items()
    ]
    shown = table("What regret is measured to", ["scenario", "bound", "USD an hour", "clairvoyant"], bounds)
    caption = (
        "Pale rows are good everywhere; a dark cell is a scenario in which a policy gives money away. Below 0 it beats a clairvoyant bound."
    )
    return Section("regret", "Regret", "", [Figure("regret", caption, {"": plot}, shown, wide=True)])


def _regret_of(one: Standing, scenario: str) -> float | None:
    result = one.results.get(scenario)
    return None if result is None or result.regret is None else round(result.regret, 6)


def _differences(league: League) -> Section:
    names = list(league.played)
    plots = {name: _forest(league, name) for name in names}
    rows = []
    for one in league.ranking.standings:
        for name, result in one.results.items():
            found = result.difference
            if found is not None:
                limits = NOTHING if found.ci95 is None else f"{found.ci95[0]:+,.2f} to {found.ci95[1]:+,.2f}"
                p_values = [NOTHING if p is None else f"{p:.2g}" for p in (found.p, found.p_holm)]
                rows.append((None, [one.policy, name, f"{found.mean:+,.2f}", limits, *p_values]))
    shown = table("All differences", ["policy", "scenario", "USD an hour", "95 % interval", "p", "p, Holm"], rows)
    caption = f"To the right of 0 a policy is worth more than {league.ranking.reference} on the same traffic, market and luck."
    choice = Selector("Scenario", [(name, name) for name in names], "scenario")
    text = "Paired by seed; bars are 95 % Student t intervals. Filled marks stand after Holm's correction."
    return Section("differences", "Differences to the default", text, [Figure("differences", caption, plots, shown, wide=True)], [choice])


def _forest(league: League, scenario: str) -> Plot:
    import plotly.graph_objects as go

    standings = [one for one in league.ranking.standings[::-1] if one.results.get(scenario) and one.results[scenario].difference]
    style = looks([one.policy for one in league.ranking.standings])
    traces: list[Any] = []
    for one in standings:
        found = one.results[scenario].difference
        assert found is not None, "the others were left out"
        look, bars = style[one.policy], None
        if found.ci95 is not None:
            bars = {"type": "data", "array": [found.ci95[1] - found.mean], "color": look.colour, "thickness": 1.5, "width": 4}
        traces.append(
            go.Scatter(
                x=[found.mean],
                y=[label(one.policy)],
                error_x=bars,
                mode="markers",
                showlegend=False,
                marker={"color": look.colour, "symbol": "circle" if found.significant else "circle-open", "size": 11},
                hovertemplate=f"{label(one.policy)}: %{{x:+.2f}} USD an hour<extra></extra>",
            )
        )
    layout = {
        "height": HEAD_PX + ROW_PX * max(1, len(standings)),
        "hovermode": "closest",
        "xaxis": {"title": {"text": f"net value minus that of {label(league.ranking.reference)}, USD an hour"}, "zeroline": True},
        "yaxis": {"type": "category"},
    }
    return Plot(f"Difference to {league.ranking.reference}: {scenario}", traces, layout)


def _metrics(league: League) -> Section:
    measures = [measure(name) for name in SHOWN]
    tables = []
    for name, one in league.played.items():
        rows = []
        for standing in league.ranking.standings:
            if name in standing.results:
                means = [(item, one.run.summary["contenders"][standing.policy][item.key]["mean"]) for item in measures]
                rows.append((None, [standing.policy, *(NOTHING if mean is None else item.show(mean) for item, mean in means)]))
        tables.append(table(f"{name}: means over {one.run.config['seeds']} seeds", ["policy", *(item.label for item in measures)], rows))
    text = "The score joins answers and money; these are what it is made of. The report of each scenario is in its run folder."
    return Section("metrics", "Plain metrics", text, html="".join(tables))


def _sources(league: League) -> Section:
    first = next(iter(league.played.values())).run
    manifest = {
        **provenance(league),
        **{name: first.manifest.get(name) for name in ("cloudsim_version", "python", "packages", "seed")},
        "seeds": first.config["seeds"],
        "breaches": [one for played in league.played.values() for one in played.run.manifest.get("breaches", [])],
    }
    return provenance_section(manifest, {"league": league.settings.model_dump(), "run": _common(league)})


def _common(league: League) -> dict[str, Any]:
    """What the configurations of all scenarios have in common, the contenders apart."""
    first, *others = [one.run.config for one in league.played.values()]
    shared = {name: value for name, value in relevant(first).items() if all(other[name] == value for other in others)}
    return {name: value for name, value in shared.items() if name != "contenders"}
