"""The verdict as tables: contenders by key metrics, and every metric by contender."""

from cloudsim.report.figure import Section
from cloudsim.report.measures import Measure, headline
from cloudsim.report.palette import looks
from cloudsim.report.swatch import swatch
from cloudsim.report.verdict import Estimate, Verdict
from cloudsim.report.verdict_words import sentences
from cloudsim.report.wording import NOTHING, breakable, markup, span

MARKS = {"better": "▲", "worse": "▼", "clear": "●"}
"""Signs of a difference whose interval excludes 0."""


def verdict_section(verdict: Verdict) -> Section:
    """Sentences, the table of key metrics and, folded away, the table of all metrics."""
    key = headline(item.key for item in verdict.measures)
    number = "1 seed" if verdict.seeds == 1 else f"{verdict.seeds} seeds"
    note = (
        f"Means over {number}; in small print the 95 % confidence interval. The second line is the paired difference to "
        f"<b>{markup(verdict.reference)}</b> on the same traffic, market and luck, with its interval: "
        '<span class="better">▲ better</span> or <span class="worse">▼ worse</span> where the interval excludes 0 (● where neither '
        'direction is better), <span class="unclear">≈</span> where it does not. ★ marks the best mean among all contenders.'
    )
    text = "".join(f"<p>{markup(sentence)}</p>" for sentence in sentences(verdict))
    html = (
        f'<div class="words">{text}</div>{_by_contender(verdict, key)}<p class="note">{note}</p>'
        f"<details><summary>All metrics</summary>{_by_metric(verdict)}</details>"
    )
    return Section("verdict", "Verdict", "", html=html)


def _by_contender(verdict: Verdict, key: list[Measure]) -> str:
    look = looks(verdict.contenders)
    head = "".join(f'<th scope="col">{markup(item.label)}{_direction(item)}</th>' for item in key)
    rows = "".join(
        f'<tr data-contender="{markup(name)}"><th scope="row">{swatch(look[name])}{breakable(name)}</th>'
        f"{''.join(_cell(verdict, name, item) for item in key)}</tr>"
        for name in verdict.contenders
    )
    return _scroll(
        "Key metrics by contender", f'<table class="verdict"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _by_metric(verdict: Verdict) -> str:
    look = looks(verdict.contenders)
    head = "".join(
        f'<th scope="col" data-contender="{markup(name)}">{swatch(look[name])}{breakable(name)}</th>' for name in verdict.contenders
    )
    rows = "".join(
        f'<tr><th scope="row">{markup(item.label)}{_direction(item)}</th>'
        f"{''.join(_cell(verdict, name, item, owned=True) for name in verdict.contenders)}</tr>"
        for item in verdict.measures
    )
    return _scroll("All metrics", f'<table class="verdict"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>')


def _scroll(name: str, table: str) -> str:
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">{table}</div>'


def _direction(item: Measure) -> str:
    return "" if item.better is None else f' <span class="hint">{item.better} is better</span>'


def _cell(verdict: Verdict, name: str, item: Measure, owned: bool = False) -> str:
    cell = verdict.cells[name, item.key]
    value = cell.value
    owner = f' data-contender="{markup(name)}"' if owned else ""
    data = f'{owner} data-cell="{markup(name)}/{markup(item.key)}" data-value="{"" if value.mean is None else repr(value.mean)}"'
    if value.mean is None:
        return f"<td{data}>{NOTHING}</td>"
    star = '<span class="star" title="best mean">★</span> ' if cell.best else ""
    parts = [f'<span class="mean">{star}{markup(item.show(value.mean))}</span>']
    if value.low is not None and value.high is not None and value.low < value.high:
        parts.append(
            f'<span class="interval">{markup(span(*(item.show(limit, like=value.mean) for limit in (value.low, value.high))))}</span>'
        )
    if cell.difference is not None and cell.difference.mean is not None:
        parts.append(_difference(item, cell.difference, value.mean))
    return f"<td{data}{' class=best' if cell.best else ''}>{''.join(parts)}</td>"


def _difference(item: Measure, difference: Estimate, like: float) -> str:
    mean = difference.mean or 0.0
    shown = markup(item.show(mean, True, like))
    if difference.low is None or difference.high is None:
        return f'<span class="difference unclear">{shown}</span>'
    if mean == difference.low == difference.high == 0:
        return '<span class="difference unclear">= the same</span>'
    limits = (item.show(limit, True, like) for limit in (difference.low, difference.high))
    interval = f'<span class="interval">{markup(span(*limits))}</span>'
    if not difference.clear:
        return f'<span class="difference unclear">≈ {shown}</span>{interval}'
    kind = "clear" if item.better is None else "better" if (mean > 0) == (item.better == "higher") else "worse"
    return f'<span class="difference {kind}"><span title="{kind}">{MARKS[kind]}</span> {shown}</span>{interval}'
