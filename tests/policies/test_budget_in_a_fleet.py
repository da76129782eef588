"""What budget policies and composed routers do to a fleet that is too small for its traffic, and goes away in part."""

from functools import cache

import numpy as np
import pytest

from cloudsim.simulation import simulate
from tests.cluster.scenario import contender, fingerprint, preset, small, words

ROWS = [(round(0.02 * at, 3), 500 + at % 7 * 100, 150 + at % 5 * 50) for at in range(2500)]
# Three instances; one goes at 20 s and comes back.
MARKET = {"a-1a": [(0.0, 1, 1.0), (20.0, 0, 1.0), (40.0, 1, 1.0)], "b-1a": [(0.0, 2, 1.5)]}
BUDGETS = [
    "by_tier", "queue_threshold", "pid", "model_predictive", "linucb", "thompson", "risk_controlled", "budget_grouped", "clairvoyant",
]  # fmt: skip
COMPOSED = ["random", "power_of_two", "least_tokens", "least_kv", "shortest_expected_completion", "locality_and_price", "not_hinted"]


@cache
def run(rows=2500, budget="full", routing="least_outstanding", changes=()):
    """The tables of a run; `changes` are of the budget's arguments."""
    parts = contender(
        {"large": ("qwen3-4b", "qwen3-4b-l2a", 3)}, routing=routing, budget=preset("budget", budget) | dict(changes),
        provisioning=preset("provisioning", "spot_spread") | {"retry_s": 5},
    )  # fmt: skip
    return simulate(small(parts, ROWS[:rows], MARKET, provider__notice_s=10.0, gateway__max_retries=5, duration_s=90.0), "one", 0)


def percents(tables):
    """Budgets in per cent of the requests that kept their first replica, in order of arrival."""
    rows = tables.requests
    order = np.argsort(rows["arrival_s"])
    return np.rint(100 * rows["budget"][order][rows["retries"][order] == 0]).astype(int).tolist()


def attained(tables):
    """Share of the requests that kept the promises of their tier, as the configuration has them."""
    rows = tables.requests
    first_s, end_s = (rows[name] - rows["arrival_s"] for name in ("first_token_s", "done_s"))
    pace_s = (end_s - first_s) / np.maximum(rows["output_tokens"] - 1, 1)
    promises = np.array([{"premium": (1, 0.03, 15), "standard": (2, 0.05, 30), "free": (5, 0.1, 60)}[name] for name in words(rows["tier"])])
    return ((first_s <= promises[:, 0]) & (pace_s <= promises[:, 1]) & (end_s <= promises[:, 2])).mean()


@pytest.mark.parametrize("budget", BUDGETS)
def test_a_budget_policy_serves_a_fleet_with_scarce_capacity(budget):
    """Whoever is to save time must be better in time than the full model, and every request ends."""
    tables = run(budget=budget)
    assert len(tables.requests["request"]) == len(ROWS)
    assert "unfinished" not in words(tables.requests["status"])
    assert set(percents(tables)) <= {100, 90, 80, 67}
    assert min(percents(tables)) < 100
    assert attained(tables) > attained(run())


@pytest.mark.parametrize("budget", ["thompson", "pid", "risk_controlled"])
def test_the_same_seed_gives_the_same_bytes(budget):
    first = fingerprint(run(800, budget))
    run.cache_clear()
    assert fingerprint(run(800, budget)) == first


@pytest.mark.parametrize("routing", COMPOSED)
def test_a_composed_router_serves_it_too(routing):
    rows = run(800, routing=routing).requests
    assert set(words(rows["status"])) == {"completed"}
    assert len(set(rows["node"].tolist())) >= 3


def test_pid_lowers_the_budget_after_promises_were_broken():
    given = percents(run(budget="pid"))
    assert set(given[:100]) == {100}
    assert np.mean(given[-300:]) < 80


def test_risk_control_settles_on_one_level_after_its_trials():
    given = percents(run(budget="risk_controlled", changes=(("outcomes", 40), ("alpha", 0.7))))
    assert set(given[:40]) == {100, 90, 80, 67}
    [settled] = set(given[-200:])
    assert settled < 100


def test_clairvoyant_is_right_wherever_the_full_model_is_and_leaner():
    full, seer = (run(300, budget).requests for budget in ("full", "clairvoyant"))
    assert np.array_equal(full["request"], seer["request"])
    assert (seer["correct"] >= full["correct"]).all()
    assert seer["depth"].mean() < 0.7
    leanest = run(300, "by_tier", changes=(("budgets", (0.67,)),)).requests
    assert leanest["correct"].sum() < seer["correct"].sum()


def test_grouped_budgets_are_fewer():
    assert {100, 90, 80, 67} == set(percents(run(budget="l2a_calibrated")))
    assert {100, 80, 67} == set(percents(run(budget="budget_grouped")))
