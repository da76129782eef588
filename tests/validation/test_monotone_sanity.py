"""A fleet behaves as one expects where no exact figure is known: more replicas help, more load does not, overload shows."""

import numpy as np
import pytest

from cloudsim.bench import bench_config
from cloudsim.config import RunConfig
from cloudsim.simulation import simulate

LOAD = 4  # the benchmark's load for four replicas


def ttft_s(replicas, scale=1.0, routing="round_robin.RoundRobin", requests=2400, spot=False):
    """Time to first token of each request (until the end of the run where it got none) under the load of four replicas."""
    made = bench_config(LOAD, requests).model_dump(by_alias=True)
    parts = made["contenders"]["bench"]
    parts["pools"]["all"]["instances"] = made["fleet"]["instances"] = replicas
    made["fleet"]["instance"] = "gcp_a2_ultragpu_1g"  # one A100 does not carry the load of four replicas, one H100 does
    parts["routing"] = {"_target_": f"policies.routing.{routing}"}
    if not spot:
        parts["provisioning"] = {"_target_": "policies.provisioning.on_demand.OnDemand"}
    made["workload"]["rate_scale"] = scale
    made["gateway"]["queue_timeout_s"] = 1e6
    made["drain_s"] = 600.0
    config = RunConfig.model_validate(made)
    requests = simulate(config, "bench", 0).requests
    first = np.where(np.isnan(requests["first_token_s"]), config.horizon_s, requests["first_token_s"])
    return first - requests["arrival_s"]


def test_overload_shows():
    """The load of four replicas on one: half of the requests wait for more than ten seconds; on four they do not."""
    assert np.median(ttft_s(1, requests=9000)) > 10.0
    assert np.median(ttft_s(4, requests=9000)) < 0.5


@pytest.mark.parametrize("routing", ["round_robin.RoundRobin", "least_outstanding.LeastOutstanding"])
def test_more_replicas_never_raise_the_mean_wait(routing):
    means = [ttft_s(replicas, routing=routing).mean() for replicas in (1, 2, 3, 4, 6, 12)]
    assert means == sorted(means, reverse=True)
    assert means[0] > 10 * means[-1]


def test_more_replicas_help_on_a_spot_market_too():
    means = [ttft_s(replicas, spot=True).mean() for replicas in (1, 2, 4)]
    assert means == sorted(means, reverse=True)


@pytest.mark.parametrize("replicas", [2, 4])
def test_more_load_never_lowers_the_median_wait(replicas):
    medians = [np.median(ttft_s(replicas, scale)) for scale in (0.25, 0.5, 1.0, 2.0, 4.0)]
    assert medians == sorted(medians)
