"""`python -m cloudsim league`: ranks all policies of a kind over scenarios."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudsim.league.document import League

FAILED, INTERRUPTED = 1, 130
JSON, CSV, PAGE = "league.json", "league.csv", "league.html"


def main(arguments: list[str]) -> int:
    """Play what is not there yet, write the three files, and print the table; 1 if a policy or a scenario failed."""
    options = _parser().parse_intermixed_args(arguments)

    from cloudsim.commands.tables import table_console

    as_json, words = options.json or "json=true" in options.overrides, [word for word in options.overrides if word != "json=true"]
    folder = Path(_last(words, "output_dir") or f"runs/league/{options.kind}")
    try:
        with redirect_stdout(sys.stderr):
            league = _play(options.kind, words, options.value, options.config_dir, folder)
            _write(league, folder)
    except KeyboardInterrupt:
        print("interrupted; the scenarios that ended are kept, and the same command goes on", file=sys.stderr)
        return INTERRUPTED
    if as_json:
        from cloudsim.league.document import league_json

        print(json.dumps({"folder": str(folder), **league_json(league)}))
    else:
        from cloudsim.league.table import league_table, notes

        console = table_console()
        console.print(league_table(league))
        for line in notes(league):
            console.print(line, highlight=False, soft_wrap=True, markup=False)
        console.print(f"page: {folder / PAGE}", highlight=False, soft_wrap=True, markup=False)
    return 0 if league.complete else FAILED


def _play(kind: str, words: list[str], value: float | None, config_dir: Path | None, folder: Path) -> "League":
    from cloudsim.commands.job import execute
    from cloudsim.composition.options import compose
    from cloudsim.errors import ConfigError
    from cloudsim.league.config import ANY, LeagueConfig
    from cloudsim.league.contenders import find_contenders
    from cloudsim.league.document import finish
    from cloudsim.league.match import LeftOut, find_scenarios, plan_matches
    from cloudsim.league.season import Played, play

    own = [word.removeprefix("league.") for word in words if word.startswith("league.")]
    try:
        settings = compose([*own, *([f"value_usd_per_right={value}"] if value is not None else [])], "league", LeagueConfig)
    except ConfigError as error:
        raise ConfigError(*(f"league.{problem}" for problem in error.problems)) from None
    taken = ("league.", "scenario=", "policies=", "output_dir=")
    overrides = [word for word in words if not word.startswith(taken)]
    lender = settings.contenders.get(kind) or settings.contenders.get(ANY, "")
    contenders = find_contenders(kind, lender, config_dir, _names(words, "policies"))
    scenarios = find_scenarios(_names(words, "scenario"), config_dir)
    matches, left_out = plan_matches(contenders, scenarios, settings, overrides, config_dir, folder)
    for match in matches:
        for failure in match.failures:
            print(f"{failure.scenario}: {failure.policy} cannot play: {'; '.join(failure.problems)}", file=sys.stderr)
    for left in left_out:
        print(f"{left.scenario}: left out: {'; '.join(left.problems)}", file=sys.stderr)
    played: list[Played] = []
    for one in play(matches, folder, execute):
        if isinstance(one, LeftOut):
            left_out.append(one)
            print(f"{one.scenario}: failed: {'; '.join(one.problems)}", file=sys.stderr)
        else:
            played.append(one)
            print(f"{one.match.scenario}: {'played' if one.again else 'stands from an earlier call'}", file=sys.stderr)
    if not played:
        from cloudsim.errors import SimulationError

        raise SimulationError(*dict.fromkeys(f"{one.scenario}: {problem}" for one in left_out for problem in one.problems))
    return finish(contenders, settings, played, left_out)


def _write(league: "League", folder: Path) -> None:
    from cloudsim.atomic_file import replace_text
    from cloudsim.league.document import league_csv, league_json
    from cloudsim.league.page import render

    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / JSON, json.dumps(league_json(league), indent=1, allow_nan=False) + "\n")
    replace_text(folder / CSV, league_csv(league))
    replace_text(folder / PAGE, render(league))


def _names(words: list[str], key: str) -> list[str] | None:
    value = _last(words, key)
    return None if value is None else [name for name in value.strip("[]").split(",") if name]


def _last(words: list[str], key: str) -> str | None:
    """The value of the last word KEY=VALUE of this key."""
    return next((word.partition("=")[2] for word in reversed(words) if word.startswith(f"{key}=")), None)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m cloudsim league",
        usage="python -m cloudsim league KIND [scenario=NAME,...] [policies=NAME,...] [KEY=VALUE ...] [--value USD] "
        "[--config-dir FOLDER] [--json]",
        formatter_class=RawDescriptionHelpFormatter,
        description="Ranks all policies of a kind over scenarios: the same fleet, traces and random numbers for each. A policy of your own "
        "takes part once its entry lies in KIND/ below --config-dir. The same command goes on with what an interrupted one left.",
        epilog="""examples:
  python -m cloudsim league budget
  python -m cloudsim league routing scenario=calm,heterogeneous seeds=10
  python -m cloudsim league admission policies=deadline    against the default alone
  python -m cloudsim league budget --config-dir conf --value 0.001 family=llama3 --json

Scenarios stand in experiments/scenario, fleets and score in experiments/league.yaml; docs/league.md says what is measured.""",
    )
    parser.add_argument("kind", metavar="KIND", help="kind of policy, such as budget or routing")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="scenarios, policies, and keys of every run")
    parser.add_argument("--value", type=float, metavar="USD", help="worth of a right answer within its SLA; league.value_usd_per_right")
    parser.add_argument("--config-dir", type=Path, metavar="FOLDER", help="further configuration groups of your own")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    return parser
