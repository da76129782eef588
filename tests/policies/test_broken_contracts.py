"""A policy that breaks its contract ends the run with one message that names it."""

import signal
from pathlib import Path

import pytest

from cloudsim.errors import PolicyError
from cloudsim.simulation import simulate
from tests.cluster.scenario import contender, fingerprint, small, talking
from tests.policies import broken as policies

ROWS = [(float(at), 300, 200) for at in range(60)]
MARKET = {"a-1a": [(0.0, 2, 1.0), (20.0, 0, 1.0), (40.0, 2, 1.0)]}


def broken(kind, name, **arguments):
    parts = contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}, **{kind: {"_target_": f"tests.policies.broken.{name}", **arguments}})
    scarce = {"rows": [(0.0, 300, 200)] * 60, "engine__memory_fraction": 0.28} if name == "Victim" else {}
    scarce |= {"traffic": talking([(*row, "a") for row in ROWS])} if kind == "cache" else {}
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
        ("cache", "Worth", {"worth": "nan"}),
        ("cache", "Worth", {"worth": None}),
    ],
)
def test_a_broken_contract_is_told_by_name(kind, name, arguments):
    with pytest.raises(PolicyError) as found:
        simulate(broken(kind, name, **arguments), "one", 0)
    [message] = found.value.problems
    assert kind in message
    assert name in message


def test_a_node_that_is_going_cannot_be_terminated_again():
    parts = contender({"large": ("qwen3-4b", None, 2)}, provisioning={"_target_": "tests.policies.test_broken_contracts.TerminatesTwice"})
    with pytest.raises(PolicyError, match="TerminatesTwice terminates node 0, which is going already"):
        simulate(small(parts, ROWS, MARKET), "one", 0)


class TerminatesTwice:
    """Starts one instance and gives it back in every later plan."""

    def plan(self, cluster):
        from cloudsim.contracts import Launch, Terminate

        return [Launch("large", "spot", ["a-1a"])] if cluster.now_s == 0 else [Terminate(0)]


def test_a_router_for_another_number_of_pools_is_told_by_name():
    parts = contender({"large": ("qwen3-4b", None, 1), "small": ("qwen3-0.6b", None, 1)}, routing="model_by_difficulty")
    with pytest.raises(PolicyError, match="thresholds names 3 pools, the contender has 2"):
        simulate(small(parts, ROWS, MARKET), "one", 0)


@pytest.mark.parametrize(("what", "said"), [("request", "sets tier of a RequestView"), ("replica", "sets outstanding of a ReplicaView"),
                                            ("fleet", "tuple"), ("nothing", "deletes tier of a RequestView")])  # fmt: skip
def test_a_policy_that_writes_to_what_it_sees_is_stopped(what, said):
    with pytest.raises(PolicyError, match=said):
        simulate(broken("routing", "Writes", what=what), "one", 0)


def test_a_breach_tells_policy_request_views_rule_and_line():
    with pytest.raises(PolicyError) as found:
        simulate(broken("routing", "Raises"), "one", 0)
    [message] = found.value.problems
    head, _, trace = message.partition('\n  File "')
    first, *views = head.splitlines()
    assert "return fleet.ready[request.index // 0]" in trace
    assert first == (
        "one: routing Raises failed on request 0 at 0.000 s (ZeroDivisionError: integer division or modulo by zero; broken.py, line "
        f"{line_of('request.index // 0')})"
    )
    assert "request: arrival_s 0," in views[0]
    assert "input_tokens 300" in views[0]
    assert all(view.strip().startswith("replica: ") for view in views[1:])


def test_a_policy_that_learns_wrongly_is_told_by_name():
    with pytest.raises(PolicyError, match=r"learn of LearnsNothing failed on request .*what is this"):
        simulate(broken("budget", "LearnsNothing"), "one", 0)


@pytest.mark.parametrize(("kind", "name", "arguments", "default"), [
    ("routing", "Nowhere", {}, "least_outstanding"), ("budget", "Budget", {"value": 7}, "full"), ("admission", "Rejects", {}, "always"),
])  # fmt: skip
def test_with_fallback_the_run_is_that_of_the_default_and_breaches_are_counted(kind, name, arguments, default):
    config = broken(kind, name, **arguments).model_copy(update={"on_policy_error": "fallback"})
    tables = simulate(config, "one", 0)
    parts = contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}, **{kind: default})
    assert fingerprint(tables) == fingerprint(simulate(small(parts, ROWS, MARKET, provider__notice_s=5.0), "one", 0))
    [breaches] = tables.breaches
    assert (breaches.kind, breaches.policy) == (kind, name)
    assert breaches.count > 0.8 * len(ROWS)
    assert f"{kind} {name}" in breaches.first


def test_a_provisioning_policy_that_fails_leaves_the_fleet_as_it_is():
    config = broken("provisioning", "Plan", decision=["Terminate", 7]).model_copy(update={"on_policy_error": "fallback"})
    tables = simulate(config, "one", 0)
    assert len(tables.nodes["node"]) == 0
    assert tables.breaches[0].count > 10


def test_a_policy_that_never_ends_is_stopped_and_others_are_not():
    quick = broken("routing", "Endless").model_copy(update={"policy_timeout_s": 0.1})
    with pytest.raises(PolicyError, match=r"routing Endless failed on request 0 .*takes longer than policy_timeout_s, 0\.1 s"):
        simulate(quick, "one", 0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def line_of(text):
    lines = Path(policies.__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
