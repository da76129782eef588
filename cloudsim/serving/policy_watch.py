"""Stops a policy that does not come back, without a cost for those that do."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.scaling import Scaler
from cloudsim.serving import caching, decisions, scheduling

WATCHED = frozenset(method.__code__ for method in (*decisions.ASKED, *scheduling.ASKED, *caching.ASKED, Fleet.plan, Scaler.targets))


class PolicyTimeout(Exception):
    """A policy takes too long over one decision; raised in the policy itself."""


@contextmanager
def watched(limit_s: float) -> Iterator[None]:
    """Raise `PolicyTimeout` in a policy that has been at one decision for `limit_s` to twice that, in seconds of wall clock.

    A timer looks now and then whether the same call is under way as the last time. It needs the signals of the main thread; elsewhere, and
    where somebody else uses that timer, nobody is watched. What runs in C without returning to Python cannot be stopped.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        yield
        return
    last: list[FrameType | None] = [None]

    def look(number: int, frame: FrameType | None) -> None:
        while frame is not None and frame.f_code not in WATCHED:
            frame = frame.f_back
        former, last[0] = last[0], frame
        if frame is not None and frame is former:
            last[0] = None
            raise PolicyTimeout(f"takes longer than policy_timeout_s, {limit_s:g} s, over one decision")

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, limit_s, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        last[0] = None
