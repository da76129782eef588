"""The availability of a fleet: for how much of the time it had the instances it was to have."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.metrics.words import Words


def availability(nodes: Mapping[str, NDArray[Any] | Words], wanted: Mapping[str, int], duration_s: float) -> float:
    """Share of the time from 0 to `duration_s` in which every pool had at least the wanted number of ready instances.

    SkyServe's measure (arXiv 2411.01438). An instance is ready from its first request on until its notice or, without one, its end.

    Args:
        nodes: columns of `cloudsim.metrics.tables.NODES`, of one run.
        wanted: instances by pool, as configured; a scaling policy that wants fewer makes the share smaller.
    """
    pools = nodes["pool"]
    assert isinstance(pools, Words), "pool is a column of words"
    ready, noticed, ended = (np.asarray(nodes[name], dtype=np.float64) for name in ("ready_s", "noticed_s", "ended_s"))
    begins, ends = np.clip(ready, 0, duration_s), np.clip(np.fmin(noticed, ended), 0, duration_s)
    known = ~np.isnan(ready)
    edges = np.unique(np.concatenate([[0.0, duration_s], begins[known], ends[known]]))
    enough = np.ones(len(edges) - 1, dtype=np.bool_)
    for pool, instances in wanted.items():
        mine = known & (pools.codes == pools.words.index(pool)) if pool in pools.words else np.zeros(len(ready), dtype=np.bool_)
        there = np.searchsorted(np.sort(begins[mine]), edges[:-1], side="right") - np.searchsorted(
            np.sort(ends[mine]), edges[:-1], side="right"
        )
        enough &= there >= instances
    return float(np.diff(edges)[enough].sum() / duration_s)
