"""A node that the fleet gives back serves what it has, and then ends."""

import numpy as np
import pytest

from cloudsim.simulation import simulate
from tests.cluster.scenario import contender, small, words


class Shrink:
    """Starts two instances and gives the first back at the second plan."""

    def __init__(self):
        self.plans = 0

    def plan(self, cluster):
        from cloudsim.contracts import Launch, Terminate

        self.plans += 1
        return {1: [Launch("large", "on_demand", ["a-1a"])] * 2, 2: [Terminate(0)]}.get(self.plans, [])


@pytest.fixture(scope="module")
def tables():
    shrink = {"_target_": "tests.cluster.test_draining.Shrink"}
    parts = contender({"large": ("qwen3-4b", None, 2)}, routing="round_robin", provisioning=shrink)
    rows = [(at / 4, 300, 200) for at in range(60)]
    return simulate(small(parts, rows, {"a-1a": [(0.0, 0, 1.0)]}), "one", 0)


def test_it_ends_with_its_last_request(tables):
    nodes, requests = tables.nodes, tables.requests
    assert words(nodes["end_reason"]) == ["terminated", "horizon"]
    on_it = requests["node"] == 0
    last_s = (requests["done_s"] - 15.6e-3 - 46e-6 * (requests["output_tokens"] - 1))[on_it].max()
    assert nodes["ended_s"][0] == pytest.approx(last_s, abs=1e-9)
    assert last_s > 5.0  # the plan of five seconds gave it back while it had requests
    assert (requests["dispatched_s"][on_it] <= 5.0).all()
    assert (requests["retries"] == 0).all()
    assert set(words(requests["status"])) == {"completed"}


def test_its_last_step_is_counted_once(tables):
    nodes, requests = tables.nodes, tables.requests
    for node in (0, 1):
        on_it = requests["node"] == node
        assert requests["gpu_s"][on_it].sum() == pytest.approx(nodes["useful_gpu_s"][node], rel=1e-9)
    assert (nodes["lost_gpu_s"] == 0).all()
    assert nodes["cost_usd"][0] == pytest.approx(nodes["ended_s"][0] * 2.6225 / 3600, rel=1e-12)
    assert np.isnan(nodes["noticed_s"]).all()
