"""The contenders of a league: one for each policy of a kind, those of the user's own folder and of installed packages among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudsim.composition.components import POLICIES
from cloudsim.composition.entries import policy_entries
from cloudsim.composition.overrides import Composer
from cloudsim.composition.spelling import did_you_mean
from cloudsim.errors import ConfigError

UNCHANGED = "default"
"""The contender that keeps the policy of whoever lends the fleet, where no entry is that policy."""


@dataclass(frozen=True, slots=True)
class Contenders:
    """The policies of one kind.

    Args:
        kind: of policy.
        oracles: by name of the entry, what the policy knows that nobody can know; the reference first.
        unchanged: whether the reference is no entry, but whatever the lender has.
        added: whether the lender has no policy of the kind.
    """

    kind: str
    oracles: dict[str, tuple[str, ...]]
    unchanged: bool
    added: bool

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the reference first."""
        return tuple(self.oracles)

    def overrides(self, lender: str, without: frozenset[str] = frozenset()) -> list[str]:
        """The words that give each policy the fleet and the other policies of `lender`."""
        words = []
        for name in self.names:
            if name not in without:
                words.append(f"+contender@contenders.{name}={lender}")
                if not (self.unchanged and name == UNCHANGED):
                    words.append(f"{'+' * self.added}{self.kind}@contenders.{name}.{self.kind}={name}")
        return words


def find_contenders(kind: str, lender: str, config_dir: Path | None, only: Sequence[str] | None = None) -> Contenders:
    """The policies of `kind`.

    Args:
        only: these and the reference; None takes all.
        lender: the contender whose own policy is the reference.
        config_dir: the user's folder of configuration groups.

    Raises:
        ConfigError: there is no such kind, no policy of it, one of `only` is none, or there is no such contender.
    """
    if kind not in POLICIES:
        raise ConfigError(f"{kind}: there is no such kind of policy; {did_you_mean(kind, POLICIES)}kinds: {', '.join(POLICIES)}")
    with Composer(config_dir) as composer:
        entries, lenders = policy_entries(composer, (kind,)), composer.options("contender")
        if not entries:
            raise ConfigError(f"{kind}: there is no policy of this kind; put one into {kind}/ of the folder that --config-dir names")
        names = [entry.name for entry in entries]
        if unknown := [name for name in only or () if name not in names]:
            raise ConfigError(*(f"policies={name}: unknown; {did_you_mean(name, names)}known: {', '.join(names)}" for name in unknown))
        if lender not in lenders:
            raise ConfigError(
                f"league.contenders: there is no contender {lender!r}; {did_you_mean(lender, lenders)}known: {', '.join(lenders)}"
            )
        tree = composer.compose([f"+contender@contenders.{UNCHANGED}={lender}"]).tree
    own = tree["contenders"][UNCHANGED].get(kind)
    default = next((entry for entry in entries if entry.component == own), None)
    first = {UNCHANGED: ()} if default is None else {default.name: default.oracle}
    others = {entry.name: entry.oracle for entry in entries if entry.name not in first and (only is None or entry.name in only)}
    return Contenders(kind, first | others, default is None, own is None)
