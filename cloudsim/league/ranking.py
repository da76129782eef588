"""Who is best over all scenarios: regret to a bound, and paired differences to the default policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cloudsim.league.significance import ALPHA, holm, paired_p
from cloudsim.metrics.statistics import interval

Scores = Mapping[str, Mapping[str, Sequence[float]]]
"""By scenario and policy, the net value of each replication, US dollars an hour."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What regret is measured to in a scenario: the best clairvoyant policy, else the best policy that played."""

    policy: str
    usd_per_h: float
    clairvoyant: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """A policy minus the default, paired by seed, US dollars an hour.

    Args:
        ci95: Student t interval; None for one seed.
        p: of the paired t-test. p_holm: corrected for all tests of the league. Both are None for one seed and for bounds.
    """

    mean: float
    ci95: tuple[float, float] | None
    p: float | None
    p_holm: float | None

    @property
    def significant(self) -> bool:
        """Whether the difference stands among all tests of the league."""
        return self.p_holm is not None and self.p_holm < ALPHA

    @property
    def clear(self) -> bool:
        """Whether its own interval excludes 0; of twenty intervals one does by chance."""
        return self.ci95 is not None and not self.ci95[0] <= 0 <= self.ci95[1]


@dataclass(frozen=True, slots=True)
class Result:
    """A policy in a scenario.

    Args:
        usd_per_h: mean net value over seeds. seeds: of each.
        regret: (bound − mean) / |bound|; None where the bound is 0. Below 0 for a policy that beats a clairvoyant one.
        difference: to the default; None for the default itself and where the default failed.
    """

    usd_per_h: float
    seeds: tuple[float, ...]
    regret: float | None
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A policy in the league.

    Args:
        rank: from 1, shared by equal ones; None for bounds and for policies that failed in a scenario.
        mean_regret: over the scenarios in which it has one.
        results: by scenario, of those in which it played.
    """

    policy: str
    rank: int | None
    mean_regret: float | None
    oracle: tuple[str, ...]
    results: Mapping[str, Result]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The table of the league: ranked policies first, by mean regret, then the others, then the bounds.

    Args:
        tests: how many p-values Holm's correction is over.
    """

    reference: str
    bounds: Mapping[str, Bound]
    standings: tuple[Standing, ...]
    tests: int


def rank(scores: Scores, reference: str, oracles: Mapping[str, tuple[str, ...]]) -> Ranking:
    """Rank the policies.

    Args:
        reference: the default policy, to which differences are.
        oracles: of every policy of the league, what it knows that nobody can know; those that know something are bounds and not ranked.
    """
    bounds = {scenario: _bound(values, oracles) for scenario, values in scores.items()}
    tested = [
        (policy, scenario)
        for policy in oracles
        for scenario, values in scores.items()
        if policy != reference and not oracles[policy] and policy in values and reference in values and len(values[policy]) > 1
    ]
    p_values = [paired_p(_differences(scores[scenario], policy, reference)) or 0.0 for policy, scenario in tested]
    corrected = dict(zip(tested, zip(p_values, holm(p_values), strict=True), strict=True))
    standings = []
    for policy, oracle in oracles.items():
        results = {}
        for scenario, values in scores.items():
            if policy not in values:
                continue
            mean, bound = interval(values[policy])[0], bounds[scenario].usd_per_h
            p, p_holm = corrected.get((policy, scenario), (None, None))
            difference = None
            if policy != reference and reference in values:
                difference = Difference(*interval(_differences(values, policy, reference)), p, p_holm)
            results[scenario] = Result(mean, tuple(values[policy]), (bound - mean) / abs(bound) if bound else None, difference)
        regrets = [result.regret for result in results.values() if result.regret is not None]
        standings.append(Standing(policy, None, sum(regrets) / len(regrets) if regrets else None, oracle, results))
    return Ranking(reference, bounds, _ordered(standings, len(scores)), len(tested))


def _bound(values: Mapping[str, Sequence[float]], oracles: Mapping[str, tuple[str, ...]]) -> Bound:
    clairvoyant = [policy for policy in values if oracles[policy]]
    means = {policy: interval(values[policy])[0] for policy in clairvoyant or values}
    best = max(means, key=lambda policy: means[policy])
    return Bound(best, means[best], bool(clairvoyant))


def _differences(values: Mapping[str, Sequence[float]], policy: str, reference: str) -> list[float]:
    return [one - base for one, base in zip(values[policy], values[reference], strict=True)]


def _ordered(standings: Sequence[Standing], scenarios: int) -> tuple[Standing, ...]:
    def whole(one: Standing) -> bool:
        return not one.oracle and len(one.results) == scenarios

    def place(one: Standing) -> tuple[bool, bool, float]:
        return bool(one.oracle), not whole(one), one.mean_regret if one.mean_regret is not None else float("inf")

    regrets = [place(one)[-1] for one in standings if whole(one)]
    return tuple(
        replace(one, rank=1 + sum(regret < place(one)[-1] for regret in regrets) if whole(one) else None)
        for one in sorted(standings, key=place)
    )
