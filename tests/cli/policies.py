"""Policies of a user's own that misbehave in ways the command line must survive."""

import time
from pathlib import Path

from cloudsim.errors import SimulationError


class Noisy:
    """Prints on standard output, as a user who debugs would."""

    def route(self, request, fleet):
        print("a policy prints this")
        return fleet.ready[0]


class Broken:
    """Fails at the first request."""

    def route(self, request, fleet):
        raise SimulationError("this policy cannot route")


class Buggy:
    """Has a bug of its own."""

    def __init__(self, divisor=0):
        self.divisor = divisor

    def route(self, request, fleet):
        return fleet.ready[1 // self.divisor - 1]


class Stuck:
    """Says that it was reached, and then never returns."""

    def __init__(self, sign):
        self.sign = sign

    def route(self, request, fleet):
        Path(self.sign).touch()
        time.sleep(600)
        return fleet.ready[0]
