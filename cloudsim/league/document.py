"""All numbers of a league, as JSON and as a table of one row for each policy, scenario and seed."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudsim import __version__
from cloudsim.league.config import LeagueConfig
from cloudsim.league.contenders import Contenders
from cloudsim.league.match import Failure, LeftOut
from cloudsim.league.ranking import Ranking, rank
from cloudsim.league.score import SHOWN, net_values
from cloudsim.league.season import Played
from cloudsim.recording import inputs
from traces.provenance import Provenance, Source, weakest

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class League:
    """A league that was played.

    Args:
        played: by scenario, its run.
        ranking: of all policies.
        failures: policies that could not play in a scenario. left_out: scenarios without a run.
    """

    kind: str
    settings: LeagueConfig
    played: Mapping[str, Played]
    ranking: Ranking
    failures: tuple[Failure, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing failed; a scenario whose trace files are not on this machine is no failure."""
        return not self.failures and all(one.expected for one in self.left_out)


def finish(contenders: Contenders, settings: LeagueConfig, played: Sequence[Played], left_out: Sequence[LeftOut]) -> League:
    """Score and rank what was played."""
    runs = {one.match.scenario: one for one in played}
    scores = {
        scenario: net_values(one.run.summary, one.run.config["duration_s"], settings.value_usd_per_right) for scenario, one in runs.items()
    }
    ranking = rank(scores, contenders.names[0], contenders.oracles)
    failures = tuple(failure for one in played for failure in one.failures)
    return League(contenders.kind, settings, runs, ranking, failures, tuple(left_out))


def league_json(league: League) -> dict[str, Any]:
    """The document `league.json`."""
    ranking = league.ranking
    return {
        "schema_version": SCHEMA_VERSION,
        "cloudsim_version": __version__,
        "kind": league.kind,
        "value_usd_per_right": league.settings.value_usd_per_right,
        "default": ranking.reference,
        "tests": ranking.tests,
        "scenarios": {
            name: {
                "run": str(one.run.path),
                "lender": one.match.lender,
                "seeds": one.run.config["seeds"],
                "bound": {
                    "policy": ranking.bounds[name].policy,
                    "net_value_usd_per_h": ranking.bounds[name].usd_per_h,
                    "clairvoyant": ranking.bounds[name].clairvoyant,
                },
            }
            for name, one in league.played.items()
        },
        "policies": [
            {
                "policy": one.policy,
                "rank": one.rank,
                "mean_regret": one.mean_regret,
                "oracle": list(one.oracle),
                "scenarios": {name: _result_json(league, one.policy, name) for name in one.results},
            }
            for one in ranking.standings
        ],
        "failures": [{"policy": one.policy, "scenario": one.scenario, "problems": list(one.problems)} for one in league.failures],
        "left_out": [
            {"scenario": one.scenario, "problems": list(one.problems), "failed": not one.expected} for one in league.left_out
        ],
        **provenance(league),
    }  # fmt: skip


def provenance(league: League) -> dict[str, Any]:
    """The inputs of all scenarios and the weakest of their claims, as in the manifest of a run."""
    value = Source(
        "value of a right answer",
        Provenance.ASSUMED,
        f"{league.settings.value_usd_per_right:g} USD for each within its SLA; --value changes it",
    )
    found = {tuple(sorted(one.items(), key=str)): one for run in league.played.values() for one in run.run.manifest["inputs"]}
    listed = [*inputs([value]), *found.values()]
    order = [Source(one["name"], Provenance(one["provenance"]), one["origin"]) for one in listed]
    return {"weakest_provenance": str(weakest(order)), "inputs": listed}


def league_csv(league: League) -> str:
    """The table `league.csv`: net value and plain metrics of each policy, scenario and seed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["policy", "scenario", "seed", "net_value_usd_per_h", *SHOWN])
    for one in league.ranking.standings:
        for scenario, result in one.results.items():
            metrics = league.played[scenario].run.summary["contenders"][one.policy]
            for seed, net in enumerate(result.seeds):
                plain = [metrics[name]["seeds"][seed] for name in SHOWN]
                writer.writerow([one.policy, scenario, seed, repr(net), *("" if value is None else value for value in plain)])
    return text.getvalue()


def _result_json(league: League, policy: str, scenario: str) -> dict[str, Any]:
    result = next(one.results[scenario] for one in league.ranking.standings if one.policy == policy)
    difference, metrics = result.difference, league.played[scenario].run.summary["contenders"][policy]
    return {
        "net_value_usd_per_h": result.usd_per_h,
        "seeds": list(result.seeds),
        "regret": result.regret,
        "difference_to_default": None if difference is None else {
            "mean": difference.mean,
            "ci95": None if difference.ci95 is None or not all(map(math.isfinite, difference.ci95)) else list(difference.ci95),
            "p": difference.p,
            "p_holm": difference.p_holm,
            "significant": difference.significant,
        },
        **{name: metrics[name]["mean"] for name in SHOWN},
    }  # fmt: skip
