"""Tells an oracle what is to come."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cloudsim.cluster.pool import Pool
from cloudsim.config import RunConfig
from cloudsim.contracts import Foresight
from cloudsim.errors import ConfigError
from cloudsim.workload.drawing import draw_blocks
from traces.tables import SpotTrace

KINDS = ("market", "arrivals")


def tell(policy: Any, config: RunConfig, replication: int, spot: SpotTrace, pools: Mapping[str, Pool]) -> None:
    """Tell `policy` what its class attribute `oracle` names; nothing happens to a policy without one.

    Args:
        spot: the market of the replication. pools: of the contender.

    Raises:
        ConfigError: it names something else than "market" and "arrivals".
    """
    kinds = getattr(policy, "oracle", ())
    if not kinds:
        return
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise ConfigError(f"{type(policy).__name__}.oracle names {', '.join(unknown)}; accepted: {', '.join(KINDS)}")
    startup, pool = config.startup, max(pools.values(), key=lambda pool: pool.memory.weights_bytes)
    replicas = pool.instance.gpus // config.engine.gpus
    load_s = pool.memory.weights_bytes * replicas / startup.load_bytes_per_s
    policy.foresee(
        Foresight(
            config.horizon_s,
            config.fleet.control_interval_s,
            startup.provision_max_s + startup.boot_s + load_s + startup.engine_start_s,
            config.warm_start,
            pool.instance.on_demand_usd_per_h,
            {series.zone: series for series in spot.zones} if "market" in kinds else {},
            np.concatenate([block.trace.arrival_s for block in draw_blocks(config, replication)]) if "arrivals" in kinds else np.zeros(0),
        )
    )
