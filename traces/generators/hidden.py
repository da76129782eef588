"""The hidden Gaussian processes of a correlated spot market, fitted to stated availabilities, run lengths and correlations."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp
from statistics import NormalDist

import numpy as np

from traces.errors import TraceError
from traces.generators.gaussian import binary_correlation, correlated_paths, correlations, joint_probability
from traces.tables import Floats


@dataclass(frozen=True, slots=True)
class ZoneTarget:
    """What is wanted of one zone: its name, its region, the share of time it is up, and its mean up-run, longer than a step."""

    zone: str
    region: str
    availability: float
    mean_up_h: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Time after which a process has faded to 1/e, and the time between two looks at it.

    Args:
        region: hours, of the regional processes and the common one.
        slow: hours, of the slow part of a zone's own state.
        fast: hours, of the fast part; below `slow`.
        step: hours between two steps.
    """

    region: float
    slow: float
    fast: float
    step: float

    def kept(self, memory_h: float) -> float:
        """Correlation of two consecutive steps of a process."""
        return exp(-self.step / memory_h)


@dataclass(frozen=True, slots=True, eq=False)
class HiddenMarket:
    """Weights of the hidden processes, as in the formula of `traces.generators.zones`.

    Args:
        threshold: a zone is up below it. Shape (zones,).
        slow_share: share of the slow process in the variance that is the zone's own. Shape (zones,).
        region: index of each zone's region. Shape (zones,).
        within: hidden correlation of two zones of a region, w in the formula.
        across: hidden correlation of two zones of different regions, a in the formula.
        memory: of the processes.
    """

    threshold: Floats
    slow_share: Floats
    region: tuple[int, ...]
    within: float
    across: float
    memory: Memory

    def states(self, steps: int, rng: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Whether each zone is up at each step; shape (steps, zones). A longer call begins with a shorter one's states."""
        zones, regions = len(self.region), max(self.region) + 1
        kept = [self.memory.kept(memory_h) for memory_h in (self.memory.region, self.memory.slow, self.memory.fast)]
        memory = np.repeat(kept, [1 + regions, zones, zones])
        paths = correlated_paths(steps, memory, rng)
        common, regional, slow, fast = np.split(paths, [1, 1 + regions, 1 + regions + zones], axis=1)
        own = np.sqrt(self.slow_share) * slow + np.sqrt(1 - self.slow_share) * fast
        shared = np.sqrt(self.across) * common + np.sqrt(self.within - self.across) * regional[:, list(self.region)]
        return np.asarray(shared + np.sqrt(1 - self.within) * own < self.threshold)


def fit_hidden(zones: Sequence[ZoneTarget], within: float, across: float, memory: Memory) -> HiddenMarket:
    """The hidden market with the wanted behaviour.

    Args:
        zones: at least one.
        within: wanted mean correlation of the on/off states of two zones of a region.
        across: wanted mean correlation of two zones of different regions.
        memory: of the processes.

    Raises:
        TraceError: no such market exists; every reason, with the values that are possible.
    """
    thresholds = [NormalDist().inv_cdf(zone.availability) for zone in zones]
    problems: list[str] = []

    def hidden(key: str, wanted: float, same_region: bool) -> float | None:
        curves = [
            binary_correlation(thresholds[i], thresholds[j], zones[i].availability, zones[j].availability)
            for i, j in combinations(range(len(zones)), 2)
            if (zones[i].region == zones[j].region) == same_region
        ]
        if not curves:
            return None
        mean = np.mean(curves, axis=0)
        if wanted > mean[-1]:
            problems.append(f"{key} of {wanted:g} is more than zones of such different availability can have; at most {mean[-1]:.2f}")
        return float(np.interp(wanted, mean, correlations()))

    w = hidden("within_region_correlation", within, True)
    a = hidden("across_region_correlation", across, False)
    w, a = (a or 0.0) if w is None else w, a or 0.0
    if a > w:
        problems.append(
            f"across_region_correlation of {across:g} needs zones of a region to be more alike than within_region_correlation "
            f"of {within:g} makes them; raise the latter or lower the former"
        )
    shares = []
    for zone, threshold in zip(zones, thresholds, strict=True):
        stays_up = joint_probability(threshold, threshold, zone.availability, zone.availability)
        wanted = float(np.interp(zone.availability * (1 - memory.step / zone.mean_up_h), stays_up, correlations()))
        fastest, slowest = (w * memory.kept(memory.region) + (1 - w) * memory.kept(own) for own in (memory.fast, memory.slow))
        if not fastest <= wanted <= slowest:
            low, high = (
                memory.step * zone.availability / (zone.availability - float(np.interp(value, correlations(), stays_up)))
                for value in (fastest, slowest)
            )
            problems.append(
                f"zones.{zone.zone}.mean_up_h of {zone.mean_up_h:g} cannot be had with these memories and correlations; "
                f"possible are {low:.3g} to {high:.3g} hours: change it, or the memories, or step_s"
            )
        shares.append((wanted - fastest) / (slowest - fastest))
    if problems:
        raise TraceError(*problems)
    names = sorted({zone.region for zone in zones})
    region = tuple(names.index(zone.region) for zone in zones)
    return HiddenMarket(np.array(thresholds), np.array(shares), region, w, a, memory)
