"""What the host adds, from load tests of a real engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cloudsim.errors import ConfigError
from cloudsim.latency.benchmarks import Load
from cloudsim.latency.host import Host
from cloudsim.serving.closed_loop import Served

LIGHT = 4.0
"""Requests in flight up to which a first token waits for nobody else, so that what it takes longer is the host's."""


@dataclass(frozen=True, slots=True)
class HostFit:
    """The host's times, and what they are worth.

    Args:
        host: of a step, and of each sequence in it.
        request_s: of a request, before its first token; None without a light load.
        tpot_s: for each load what was measured, simulated with the host as it was, and as it is fitted.
        before_pct, after_pct: mean absolute error of these.
    """

    host: Host
    request_s: float | None
    tpot_s: tuple[tuple[float, float, float], ...]
    before_pct: float
    after_pct: float


def fit_host(loads: Sequence[Load], serve: Callable[[Host, Load], Served], former: Host) -> HostFit:
    """Non-negative least squares of relative errors, TPOT_measured = TPOT_simulated(no host) + step + sequence·in flight.

    Args:
        serve: simulates a load with a host.
        former: the host that is compared with.

    Raises:
        ConfigError: there are no loads.
    """
    from scipy.optimize import nnls

    if not loads:
        raise ConfigError("there is no load to fit the host's times to; give at least one file")
    bare = [serve(Host(0.0, 0.0), load) for load in loads]
    measured = np.array([load.tpot_s for load in loads])
    left = measured - np.array([one.tpot_s for one in bare])
    flights = np.array([load.in_flight for load in loads])
    columns = np.column_stack([np.ones(len(loads)), flights])
    # A single level of load cannot tell the two apart: all of it is the step's.
    distinct = len({round(flight) for flight in flights.tolist()}) > 1
    found, _ = nnls((columns if distinct else columns[:, :1]) / measured[:, None], left / measured)
    host = Host(float(found[0]), float(found[1]) if distinct else 0.0)
    before, after = ([serve(one, load).tpot_s for load in loads] for one in (former, host))
    light = [load.ttft_s - serve(host, load).ttft_s for load in loads if load.in_flight <= LIGHT]
    request_s = max(0.0, float(np.median(light))) if light else None
    return HostFit(
        host, request_s, tuple(zip(measured.tolist(), before, after, strict=True)), _error(measured, before), _error(measured, after)
    )  # fmt: skip


def _error(measured: "np.ndarray[tuple[int], np.dtype[np.float64]]", simulated: Sequence[float]) -> float:
    return float(100 * np.mean(np.abs(np.array(simulated) / measured - 1)))
