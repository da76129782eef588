"""The log of decisions: what was looked at, what was chosen, and that looking changes nothing."""

import json

import numpy as np
import pytest

from cloudsim.simulation import simulate
from tests.cluster.scenario import contender, fingerprint, small, words

ROWS = [(at * 0.5, 300, 60) for at in range(100)]
MARKET = {"a-1a": [(0.0, 2, 1.0), (30.0, 0, 1.0), (45.0, 2, 1.0)]}
TABLES = ("requests", "nodes", "timeline", "changes")


def run(share):
    parts = contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}, budget="l2a_calibrated", notice="squeeze", admission="deadline")
    return simulate(small(parts, ROWS, MARKET, provider__notice_s=5.0, logged_share=share), "one", 0)


@pytest.fixture(scope="module")
def tables():
    return run(1.0)


def column(tables, name):
    values = tables.decisions[name]
    return words(values) if hasattr(values, "words") else list(values)


def test_looking_changes_nothing(tables):
    assert fingerprint(tables, TABLES) == fingerprint(run(0.0), TABLES) == fingerprint(run(0.2), TABLES)


def test_every_kind_of_decision_is_there_with_what_it_was_made_on(tables):
    kinds = column(tables, "kind")
    assert set(kinds) == {"admission", "routing", "budget", "provisioning", "notice"}
    rows = list(zip(kinds, *(column(tables, name) for name in ("policy", "request", "choice", "inputs", "alternatives")), strict=True))
    arrivals = [row for row in rows if row[0] == "admission"]
    assert [row[2] for row in arrivals] == list(range(len(ROWS)))
    for kind, policy, request, choice, inputs, alternatives in rows:
        seen = json.loads(inputs)
        if kind == "routing":
            assert policy == "LeastOutstanding"
            chosen = int(choice.removeprefix("replica "))
            assert chosen in json.loads(alternatives)
            least = min(value for name, value in seen.items() if name.endswith(".outstanding"))
            assert seen[f"replica[{chosen}].outstanding"] == least
        elif kind == "budget":
            assert any(name.endswith(".queued_tokens") for name in seen)
            assert 0 < float(choice) <= 1
            assert json.loads(alternatives)[0] == 1.0
        elif kind == "provisioning":
            assert request == -1
            assert "cluster.targets" in seen


def test_a_share_is_logged_evenly_and_the_same_requests_throughout():
    tables = run(0.2)
    logged = {kind: [] for kind in column(tables, "kind")}
    for kind, request in zip(column(tables, "kind"), column(tables, "request"), strict=True):
        logged[kind].append(request)
    assert len(logged["admission"]) == pytest.approx(20, abs=2)
    assert set(logged["budget"]) <= set(logged["admission"])
    assert np.diff(logged["admission"]).max() < 9


def test_nothing_is_logged_unless_asked():
    assert len(run(0.0).decisions["time_s"]) == 0


def test_reviews_are_noted_with_the_answer_and_looking_at_them_changes_nothing():
    pools = {"large": ("qwen3-4b", None, 1), "small": ("qwen3-0.6b", None, 1)}
    logged, unseen = (
        simulate(small(contender(pools, routing="cascade"), ROWS, {"a-1a": [(0.0, 2, 1.0)]}, logged_share=share), "one", 0)
        for share in (1.0, 0.0)
    )
    assert fingerprint(logged, TABLES) == fingerprint(unseen, TABLES)
    reviews = [
        (choice, json.loads(inputs)["answer.confidence"])
        for choice, inputs in zip(column(logged, "choice"), column(logged, "inputs"), strict=True)
        if "answer.confidence" in inputs
    ]
    assert {choice for choice, _ in reviews} == {"None", "replica 0, samples 1, final"}
    assert all((choice == "None") == (confidence >= 0.7) for choice, confidence in reviews)
