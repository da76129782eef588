"""What a client sees of a request that is complete: latencies, and whether they keep the promise of its tier."""

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

from cloudsim.config import EngineConfig, TierConfig
from cloudsim.serving.request import Request


class ClientTimes(NamedTuple):
    """Seconds at the client, NaN where there is none; `met_sla` is True for complete requests within all targets of their tier."""

    ttft_s: float
    tpot_s: float
    e2e_s: float
    met_sla: bool


def client_times(request: Request, completed: bool, now_s: float, engine: EngineConfig, tiers: Sequence[TierConfig]) -> ClientTimes:
    """Of a request that ends now, as the table of requests has them (`cloudsim.metrics.request_rows`, for whole blocks)."""
    ttft_s = request.first_token_s + engine.request_overhead_s - request.arrival_s if request.first_token_s >= 0 else nan
    if not completed:
        return ClientTimes(ttft_s, nan, nan, False)
    further, tier = request.output_tokens - 1, tiers[request.tier]
    e2e_s = now_s + engine.request_overhead_s + engine.token_overhead_s * further - request.arrival_s
    tpot_s = (e2e_s - ttft_s) / further if further else 0.0
    return ClientTimes(ttft_s, tpot_s, e2e_s, ttft_s <= tier.ttft_s and tpot_s <= tier.tpot_s and e2e_s <= tier.e2e_s)
