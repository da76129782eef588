"""What becomes of a policy that breaks its contract: the run ends with one message, or a default is taken and the breach is counted."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudsim.clock import Clock
from cloudsim.errors import CloudsimError, PolicyError
from cloudsim.views import View, shown

FRAMES = 5
"""Of a policy's traceback, the innermost ones."""


@dataclass(slots=True)
class Breaches:
    """How often a policy broke its contract, and how it did so first."""

    kind: str
    policy: str
    first: str
    count: int = 1


class PolicyErrors:
    """Takes the breaches of one contender's policies.

    Args:
        clock: of the run.
        contender: its name.
        fail: end the run at the first breach; else count them, and whoever asked goes on with a default.

    Attributes:
        breaches: what was counted, in the order in which it came first.
    """

    def __init__(self, clock: Clock, contender: str, fail: bool) -> None:
        self._clock, self._contender, self._fail = clock, contender, fail
        self._counted: dict[tuple[str, str], Breaches] = {}

    @property
    def breaches(self) -> tuple[Breaches, ...]:
        """See the class."""
        return tuple(self._counted.values())

    def broken(self, kind: str, policy: object, rule: str, views: Sequence[View] = (), error: Exception | None = None) -> None:
        """A policy has broken its contract.

        Args:
            kind: of the policy, such as "routing".
            rule: what it did and what it should have done.
            views: what it was shown.
            error: what it raised, if it did.

        Raises:
            PolicyError: the run is to end.
        """
        name = type(policy).__name__
        said = f" ({_told(error)})" if error is not None else ""
        seen = "".join(f"\n  {shown(view)}" for view in views)
        message = f"{self._contender}: {kind} {name} {rule} at {self._clock.now:.3f} s{said}{seen}{_trace(error)}"
        if self._fail:
            raise PolicyError(message) from error
        known = self._counted.setdefault((kind, name), Breaches(kind, name, message, 0))
        known.count += 1


def _trace(error: Exception | None) -> str:
    """Where a bug in a policy is, without the frames that asked it; nothing for errors that say it in words."""
    if error is None or isinstance(error, CloudsimError):
        return ""
    frames = traceback.extract_tb(error.__traceback__)[1:][-FRAMES:]
    return "".join(f"\n{line.rstrip()}" for line in traceback.format_list(frames))


def _told(error: Exception) -> str:
    """What was raised, and the line that raised it."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    text = str(error) if isinstance(error, CloudsimError) else f"{type(error).__name__}: {error}"
    return f"{text}; {Path(at.filename).name}, line {at.lineno}"
