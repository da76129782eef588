"""`python -m cloudsim policies`: every policy that can be named in a configuration, and whether one keeps its contract."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloudsim.composition.entries import Entry

BROKEN = 1


def main(arguments: list[str]) -> int:
    """List or check, and return the exit code."""
    parsed = _parser().parse_args(arguments)
    act: Callable[[Namespace], int] = {"list": _list, "check": _check}[parsed.action]
    return act(parsed)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m cloudsim policies", description="What decides: the policies of every kind.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="all policies, with their kind and where they come from")
    listed.add_argument("kinds", nargs="*", metavar="KIND", help="only these, such as budget and routing")
    checked = actions.add_parser("check", help="whether policies keep their contract, and how long a decision takes")
    checked.add_argument("kind", metavar="KIND", help="such as budget; `policies list` shows all")
    checked.add_argument("names", nargs="*", metavar="NAME", help="names of entries; all of the kind without one")
    checked.add_argument("--pools", type=int, default=1, choices=(1, 2, 3), help="pools of the fleets they are shown (1)")
    for one in (listed, checked):
        one.add_argument("--config-dir", type=Path, metavar="FOLDER", help="further configuration groups of your own")
        one.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    return parser


def _list(parsed: Namespace) -> int:
    from cloudsim.commands.tables import simple_table, table_console

    entries = _entries(parsed.config_dir, tuple(parsed.kinds))
    if parsed.json:
        print(json.dumps([_document(entry) for entry in entries]))
        return 0
    console = table_console()
    for kind in dict.fromkeys(entry.kind for entry in entries):
        table = simple_table(kind, ("name", "rule", "source"), 3)
        for entry in entries:
            if entry.kind == kind:
                bound = f" (a bound: knows {', '.join(entry.oracle)})" if entry.oracle else ""
                table.add_row(entry.name, entry.problem or f"{entry.rule}{bound}", entry.source)
        console.print(table)
    console.print("choose one with KIND@contenders.NAME.KIND=NAME; add your own: docs/write_a_policy.md", highlight=False, soft_wrap=True)
    return 0


def _check(parsed: Namespace) -> int:
    from cloudsim.commands.tables import simple_table, table_console
    from cloudsim.components import create
    from cloudsim.composition.spelling import did_you_mean
    from cloudsim.config import Component
    from cloudsim.errors import ConfigError
    from cloudsim.testing import check, microseconds

    entries = {entry.name: entry for entry in _entries(parsed.config_dir, (parsed.kind,))}
    unknown = [name for name in parsed.names if name not in entries]
    if unknown:
        raise ConfigError(*(f"{parsed.kind}: no {name!r}; {did_you_mean(name, entries)}there are {', '.join(entries)}" for name in unknown))
    found: list[dict[str, Any]] = []
    for name in parsed.names or entries:
        entry = entries[name]

        def make(entry: "Entry" = entry) -> Any:
            return create(Component.model_validate(dict(entry.component)), f"{entry.kind}.{entry.name}")

        problems = [entry.problem] if entry.problem else check(parsed.kind, make, parsed.pools)
        spent_us = None if problems else microseconds(parsed.kind, make, parsed.pools)
        found.append({"kind": parsed.kind, "name": name, "problems": problems, "decision_us": spent_us})
    if parsed.json:
        print(json.dumps(found))
    else:
        table = simple_table(parsed.kind, ("name", "µs a decision", "conforms"), 1)
        for one in found:
            spent = "–" if one["decision_us"] is None else f"{one['decision_us']:.1f}"
            table.add_row(one["name"], spent, "\n".join(one["problems"]) or "yes")
        table_console().print(table)
    return BROKEN if any(one["problems"] for one in found) else 0


def _entries(config_dir: Path | None, kinds: tuple[str, ...]) -> "list[Entry]":
    """Those of the given kinds, of all if none is given."""
    from cloudsim.composition.components import POLICIES
    from cloudsim.composition.entries import policy_entries
    from cloudsim.composition.overrides import Composer
    from cloudsim.composition.spelling import did_you_mean
    from cloudsim.errors import ConfigError

    wrong = [kind for kind in kinds if kind not in POLICIES]
    if wrong:
        raise ConfigError(*(f"no kind {kind!r} of policies; {did_you_mean(kind, POLICIES)}kinds: {', '.join(POLICIES)}" for kind in wrong))
    with Composer(config_dir) as composer:
        return policy_entries(composer, kinds or POLICIES)


def _document(entry: "Entry") -> dict[str, Any]:
    return {
        "kind": entry.kind, "name": entry.name, "class": entry.component.get("_target_"), "rule": entry.rule, "source": entry.source,
        "oracle": list(entry.oracle), "observes": None if entry.observes is None else list(entry.observes),
        "problem": entry.problem or None,
    }  # fmt: skip
