"""All metrics of one contender in one replication, from what its run left."""

from typing import TYPE_CHECKING

from cloudsim.config import RunConfig
from cloudsim.metrics.availability import availability
from cloudsim.metrics.summary import metrics

if TYPE_CHECKING:
    from cloudsim.simulation import RunTables


def run_metrics(config: RunConfig, contender: str, tables: "RunTables") -> dict[str, float]:
    """By name; see `cloudsim.metrics.summary.metrics` and `cloudsim.metrics.availability.availability`."""
    wanted = {name: pool.instances for name, pool in config.contenders[contender].pools.items()}
    found = metrics(tables.requests, tables.nodes, config.duration_s, list(config.tiers))
    found["availability"] = availability(tables.nodes, wanted, config.duration_s)
    return found
