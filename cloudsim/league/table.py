"""The league as a table of a terminal, and the words that both it and the page use."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cloudsim.league.document import League
from cloudsim.league.ranking import Result

if TYPE_CHECKING:
    from rich.table import Table

MARKS = {(True, True): "▲", (True, False): "▼", (False, True): "△", (False, False): "▽"}
"""By whether the difference is significant in the whole league, and whether it is above 0."""


def mark(result: Result) -> str:
    """The sign of a difference to the default; nothing where its interval includes 0."""
    difference = result.difference
    if difference is None or not (difference.significant or difference.clear):
        return ""
    return MARKS[difference.significant, difference.mean > 0]


def percent(regret: float | None) -> str:
    """A regret for a reader."""
    return "–" if regret is None else f"{100 * regret:,.2f} %"


def league_table(league: League) -> "Table":
    """Rank, policy, mean regret, and the net value of each scenario with its mark."""
    from cloudsim.commands.tables import simple_table

    names = list(league.played)
    table = simple_table(f"{league.kind}: net value, USD an hour", ["rank", "policy", "mean regret", *names], left=2)
    for one in league.ranking.standings:
        cells = [_cell(one.results.get(name)) for name in names]
        table.add_row(str(one.rank) if one.rank else "bound" if one.oracle else "–", one.policy, percent(one.mean_regret), *cells)
    return table


def notes(league: League) -> Iterator[str]:
    """What is to be known to read the table, a sentence each."""
    ranking = league.ranking
    yield (
        f"Net value: right answers within their SLA × {league.settings.value_usd_per_right:g} USD (assumed) − cost, an hour. Regret: share "
        "of the bound that is missed, mean over scenarios."
    )
    clairvoyant = [name for name, bound in ranking.bounds.items() if bound.clairvoyant]
    if len(clairvoyant) == len(ranking.bounds):
        yield f"Bound: the best clairvoyant policy ({', '.join(dict.fromkeys(bound.policy for bound in ranking.bounds.values()))})."
    else:
        yield "Bound: the best policy of each scenario, since no clairvoyant one played" + (
            f" but in {', '.join(clairvoyant)}." if clairvoyant else "."
        )
    yield (
        f"▲ ▼ better or worse than the default ({ranking.reference}) by a paired t-test, Holm-corrected over all {ranking.tests} tests of "
        "the league; △ ▽ only its own 95 % interval excludes 0, which one in twenty does by chance."
    )
    seeds = {one.run.config["seeds"] for one in league.played.values()}
    if min(seeds) == 1:
        yield "One seed: no interval and no test."
    bounds = [one.policy for one in ranking.standings if one.oracle]
    if bounds:
        yield f"Bounds know what nobody can know and are not ranked: {', '.join(bounds)}."
    for failure in league.failures:
        yield f"Failed: {failure.policy} in {failure.scenario}: {'; '.join(failure.problems)}"
    for left in league.left_out:
        reasons = "; ".join(problem.split(". ")[0] for problem in left.problems)
        yield f"{'Left out' if left.expected else 'Failed'}: {left.scenario}: {reasons}"


def _cell(result: Result | None) -> str:
    if result is None:
        return "failed"
    return f"{result.usd_per_h:,.2f} {mark(result) or ' '}"
