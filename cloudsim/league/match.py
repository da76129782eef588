"""One scenario of a league: the run in which all policies meet, composed and checked before anything is written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudsim import simulation
from cloudsim.composition.overrides import Composer
from cloudsim.composition.plan import compose
from cloudsim.composition.spelling import did_you_mean
from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError
from cloudsim.league.config import LeagueConfig
from cloudsim.league.contenders import Contenders
from traces.files import FOLDER_VARIABLE


@dataclass(frozen=True, slots=True)
class Failure:
    """A policy that could not take part in a scenario, and why."""

    policy: str
    scenario: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A scenario that can be run.

    Args:
        config: of the run; its contenders are the policies.
        lender: the contender that lends fleet and other policies.
        failures: of policies that cannot be composed here.
    """

    scenario: str
    config: RunConfig
    lender: str
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A scenario that is not run, and why; `expected` if only because its trace files are not on this machine."""

    scenario: str
    problems: tuple[str, ...]
    expected: bool


def find_scenarios(asked: Sequence[str] | None, config_dir: Path | None) -> list[str]:
    """The scenarios that are asked for, or all there are.

    Raises:
        ConfigError: one is unknown, or there are none.
    """
    with Composer(config_dir) as composer:
        known = composer.options("scenario")
    unknown = [name for name in asked or () if name not in known]
    if unknown:
        raise ConfigError(*(f"scenario={name}: unknown; {did_you_mean(name, known)}known: {', '.join(known)}" for name in unknown))
    if asked is not None and not asked:
        raise ConfigError(f"scenario=: there is none to run; known: {', '.join(known)}")
    return list(dict.fromkeys(asked)) if asked is not None else known


def plan_matches(
    contenders: Contenders, scenarios: Sequence[str], league: LeagueConfig, overrides: Sequence[str], config_dir: Path | None, folder: Path
) -> tuple[list[Match], list[LeftOut]]:
    """Compose and check every scenario.

    Args:
        overrides: of the user, for every run.
        folder: of the league; each scenario has a run folder of its name in it.

    Raises:
        ConfigError: no scenario can be run.
    """
    matches, left_out = [], []
    for scenario in scenarios:
        planned = _plan(contenders, scenario, league, overrides, config_dir, folder)
        if isinstance(planned, Match):
            matches.append(planned)
        else:
            left_out.append(planned)
    if not matches:
        raise ConfigError(*dict.fromkeys(problem for one in left_out for problem in one.problems))
    return matches, left_out


def _plan(
    contenders: Contenders, scenario: str, league: LeagueConfig, overrides: Sequence[str], config_dir: Path | None, folder: Path
) -> Match | LeftOut:
    lender = league.lender(contenders.kind, scenario)
    if lender is None:
        return LeftOut(scenario, (f"league.contenders: no contender for {contenders.kind}; write +league.contenders.any=NAME",), False)
    seeds = [] if any(word.startswith("seeds=") for word in overrides) else [f"seeds={league.seeds}"]
    failures: dict[str, Failure] = {}
    while len(failures) < len(contenders.names):
        words = [f"+scenario={scenario}", *contenders.overrides(lender, frozenset(failures)), *seeds, *overrides]
        try:
            config = compose(words, config_dir, simulation.problems).config
        except ConfigError as error:
            culprits = {name: [line for line in error.problems if _blames(line, name)] for name in contenders.names}
            guilty = {name: lines for name, lines in culprits.items() if lines}
            if not guilty or {line for lines in guilty.values() for line in lines} != set(error.problems):
                missing = all(FOLDER_VARIABLE in line for line in error.problems)
                return LeftOut(scenario, error.problems, missing)
            failures |= {name: Failure(name, scenario, tuple(lines)) for name, lines in guilty.items()}
            continue
        strangers = sorted(set(config.contenders) - set(contenders.names))
        if strangers:
            problem = (
                f"contenders: {', '.join(strangers)}: a league has the policies of one kind and no other contenders; leave +experiment out"
            )
            return LeftOut(scenario, (problem,), False)
        return Match(scenario, config.model_copy(update={"output_dir": str(folder / scenario)}), lender, tuple(failures.values()))
    return LeftOut(scenario, tuple(problem for one in failures.values() for problem in one.problems), False)


def _blames(line: str, name: str) -> bool:
    return re.search(rf"\bcontenders\.{re.escape(name)}(?![\w-])", line) is not None
