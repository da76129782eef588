"""A policy that breaks its contract ends the run with one message that names it."""

import pytest

from cloudsim.errors import SimulationError
from cloudsim.simulation import simulate
from tests.cluster.scenario import contender, small

ROWS = [(float(at), 300, 200) for at in range(60)]
MARKET = {"a-1a": [(0.0, 2, 1.0), (20.0, 0, 1.0), (40.0, 2, 1.0)]}


def broken(kind, name, **arguments):
    parts = contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}, **{kind: {"_target_": f"tests.policies.broken.{name}", **arguments}})
    scarce = {"rows": [(0.0, 300, 200)] * 60, "engine__memory_fraction": 0.28} if name == "Victim" else {}
    return small(parts, **{"rows": ROWS, "zones": MARKET, "provider__notice_s": 5.0} | scarce)


@pytest.mark.parametrize(
    ("kind", "name", "arguments"),
    [
        ("routing", "Nowhere", {}),
        ("routing", "Elsewhere", {}),
        ("budget", "Budget", {"value": 0}),
        ("budget", "Budget", {"value": 1.5}),
        ("budget", "Budget", {"value": "nan"}),
        ("budget", "Budget", {"value": None}),
        ("budget", "Budget", {"value": "half"}),
        ("provisioning", "Plan", {"decision": "start one"}),
        ("provisioning", "Plan", {"decision": ["Launch", "nowhere", "spot", ["a-1a"]]}),
        ("provisioning", "Plan", {"decision": ["Launch", "large", "reserved", ["a-1a"]]}),
        ("provisioning", "Plan", {"decision": ["Launch", "large", "spot", ["z-9z"]]}),
        ("provisioning", "Plan", {"decision": ["Launch", "large", "spot", []]}),
        ("provisioning", "Plan", {"decision": ["Terminate", 7]}),
        ("provisioning", "Plan", {"decision": ["Terminate", -1]}),
        ("provisioning", "Plan", {"decision": None, "listed": False}),
        ("notice", "Act", {}),
        ("admission", "Rejects", {}),
        ("scheduling", "Rank", {"rank": "nan"}),
        ("scheduling", "Rank", {"rank": "-inf"}),
        ("scheduling", "Rank", {"rank": None}),
        ("scheduling", "Rank", {"rank": [1]}),
        ("scheduling", "Victim", {}),
        ("scheduling", "Quantum", {"tokens": 0}),
        ("scheduling", "Quantum", {"tokens": 1.5}),
    ],
)
def test_a_broken_contract_is_told_by_name(kind, name, arguments):
    with pytest.raises(SimulationError) as found:
        simulate(broken(kind, name, **arguments), "one", 0)
    [message] = found.value.problems
    assert kind in message
    assert name in message


def test_a_node_that_is_going_cannot_be_terminated_again():
    parts = contender({"large": ("qwen3-4b", None, 2)}, provisioning={"_target_": "tests.policies.test_broken_contracts.TerminatesTwice"})
    with pytest.raises(SimulationError, match="TerminatesTwice terminates node 0, which is going already"):
        simulate(small(parts, ROWS, MARKET), "one", 0)


class TerminatesTwice:
    """Starts one instance and gives it back in every later plan."""

    def plan(self, cluster):
        from cloudsim.contracts import Launch, Terminate

        return [Launch("large", "spot", ["a-1a"])] if cluster.now_s == 0 else [Terminate(0)]


def test_a_router_for_another_number_of_pools_is_told_by_name():
    parts = contender({"large": ("qwen3-4b", None, 1), "small": ("qwen3-0.6b", None, 1)}, routing="model_by_difficulty")
    with pytest.raises(SimulationError, match="thresholds names 3 pools, the contender has 2"):
        simulate(small(parts, ROWS, MARKET), "one", 0)
