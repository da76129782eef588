"""The policies of a kind: one for each entry of experiments/KIND/ and of the user's own folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudsim.composition.components import POLICIES, import_target
from cloudsim.composition.overrides import Composer
from cloudsim.composition.spelling import did_you_mean
from cloudsim.errors import ConfigError

UNCHANGED = "default"
"""The contender that keeps the policy of whoever lends the fleet, where no entry is that policy."""


@dataclass(frozen=True, slots=True)
class Entries:
    """The contenders of a league.

    Args:
        kind: of policy.
        names: of the entries, the reference first.
        unchanged: whether the reference is no entry, but the policy that the lender has.
    """

    kind: str
    names: tuple[str, ...]
    unchanged: bool

    @property
    def reference(self) -> str:
        """The default of the kind."""
        return self.names[0]

    def overrides(self, lender: str, without: frozenset[str] = frozenset()) -> list[str]:
        """The words that make each policy a contender with the fleet and the other policies of `lender`."""
        words = []
        for name in self.names:
            if name in without:
                continue
            words.append(f"+contender@contenders.{name}={lender}")
            if not (self.unchanged and name == UNCHANGED):
                words.append(f"{self.kind}@contenders.{name}.{self.kind}={name}")
        return words


def find_entries(kind: str, lender: str, config_dir: Path | None) -> Entries:
    """All policies of `kind`.

    Args:
        lender: the contender whose own policy is the reference.
        config_dir: the user's folder of configuration groups.

    Raises:
        ConfigError: there is no such kind, no policy of it, or no such contender.
    """
    if kind not in POLICIES:
        raise ConfigError(f"{kind}: there is no such kind of policy; {did_you_mean(kind, POLICIES)}kinds: {', '.join(POLICIES)}")
    with Composer(config_dir) as composer:
        names, lenders = composer.options(kind), composer.options("contender")
        if not names:
            raise ConfigError(f"{kind}: there is no policy of this kind; put one into experiments/{kind} or into {kind}/ below --config-dir")
        if lender not in lenders:
            raise ConfigError(f"league.contenders: there is no contender {lender!r}; {did_you_mean(lender, lenders)}known: {', '.join(lenders)}")
        found = composer.compose([f"+contender@contenders.{UNCHANGED}={lender}"])
        own = _part(found.tree, UNCHANGED, kind)
        for name in names:
            if own is None:
                break
            words = [f"+contender@contenders.{UNCHANGED}={lender}", f"{kind}@contenders.{UNCHANGED}.{kind}={name}"]
            if _part(composer.compose(words).tree, UNCHANGED, kind) == own:
                return Entries(kind, (name, *(other for other in names if other != name)), unchanged=False)
    return Entries(kind, (UNCHANGED, *(name for name in names if name != UNCHANGED)), unchanged=True)


def oracle_of(target: str) -> tuple[str, ...]:
    """What the policy `target` knows that nobody can know (its attribute `oracle`); nothing for a policy that can be used."""
    known: Any = getattr(import_target(target), "oracle", ())
    return tuple(known) if isinstance(known, list | tuple) else (str(known),) if known else ()


def _part(tree: Mapping[str, Any], contender: str, kind: str) -> Any:
    return tree.get("contenders", {}).get(contender, {}).get(kind)
