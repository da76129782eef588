import numpy as np
import pytest

from cloudsim.errors import SimulationError
from cloudsim.metrics.summary import metrics
from cloudsim.metrics.words import encode

DURATION_S = 10.0
NAN = float("nan")


@pytest.fixture
def requests():
    """Five requests: two in time, one too late, one lost, one rejected; times that can be checked by head."""
    return {
        "status": encode(["completed", "completed", "completed", "lost", "rejected"]),
        "tier": encode(["premium", "free", "premium", "premium", "free"]),
        "arrival_s": np.array([0.0, 1.0, 2.0, 3.0, 4.0]),
        "first_token_s": np.array([0.5, 1.25, 4.0, NAN, NAN]),
        "done_s": np.array([2.5, 1.25, 12.0, 9.0, 4.0]),
        "generated_tokens": np.array([5, 1, 3, 0, 0]),
        "correct": np.array([1, 0, 1, -1, -1]),
        "met_sla": np.array([1, 1, 0, 0, 0]),
        "budget": np.array([0.5, 1.0, 0.6, NAN, NAN], dtype=np.float32),
        "input_tokens": np.array([100, 50, 250, 70, 90], dtype=np.int32),
        "cached_tokens": np.array([32, 0, 48, 64, 0], dtype=np.int32),
        "preempted": np.array([0, 2, 1, 0, 0]),
        "retries": np.array([0, 0, 2, 4, 0]),
        "migrations": np.array([0, 0, 1, 0, 0]),
        "escalations": np.array([2, 0, 1, 0, 0]),
    }


@pytest.fixture
def nodes():
    """Two nodes, of which one was reclaimed."""
    return {
        "end_reason": encode(["reclaimed", "horizon"]), "crashes": np.array([0, 3]),
        "starting_gpu_s": np.array([10.0, 20.0]), "useful_gpu_s": np.array([50.0, 60.0]),
        "lost_gpu_s": np.array([5.0, 0.0]), "idle_gpu_s": np.array([35.0, 20.0]), "billed_gpu_s": np.array([100.0, 100.0]),
        "starting_usd": np.array([0.1, 0.2]), "useful_usd": np.array([0.5, 0.6]),
        "lost_usd": np.array([0.05, 0.0]), "idle_usd": np.array([0.3, 0.2]),
        "transfer_usd": np.array([0.05, 0.0]), "cost_usd": np.array([1.0, 1.0]),
        "energy_j": np.array([3.6e6, 1.8e6]), "carbon_g": np.array([400.0, 200.0]),
    }  # fmt: skip


def test_every_metric_of_a_run_that_can_be_checked_by_head(requests, nodes):
    found = metrics(requests, nodes, DURATION_S, ["premium", "free", "gold"])
    expected = {
        "arrived": 5, "completed": 3, "rejected": 1, "lost": 1, "unfinished": 0,
        "sla_attainment": 2 / 5, "sla_attainment_premium": 1 / 3, "sla_attainment_free": 1 / 2, "sla_attainment_gold": NAN,
        "goodput_rps": 0.2, "correct_goodput_rps": 0.1, "quality": 2 / 3, "energy_kwh": 1.5, "energy_wh_per_met": 750.0, "carbon_kg": 0.6,
        "cost_usd": 2.0, "cost_usd_per_1000_met": 1000.0,
        "ttft_p50_s": 0.5, "ttft_p90_s": 0.5 + 0.8 * 1.5, "ttft_p99_s": 0.5 + 0.98 * 1.5,
        "tpot_p50_s": (0.5 + 4) / 2, "tpot_p90_s": 0.5 + 0.9 * 3.5, "tpot_p99_s": 0.5 + 0.99 * 3.5,
        "e2e_p50_s": 2.5, "e2e_p90_s": 2.5 + 0.8 * 7.5, "e2e_p99_s": 2.5 + 0.98 * 7.5,
        "preemptions": 1, "engine_crashes": 3, "kv_preemptions": 3, "retried": 2, "migrated": 1, "escalated": 2, "budget_mean": 0.7,
        "prefix_hit_share": 80 / 400,
        "starting_usd": 0.3, "useful_usd": 1.1, "lost_usd": 0.05, "idle_usd": 0.5, "transfer_usd": 0.05,
        "starting_gpu_s": 30, "useful_gpu_s": 110, "lost_gpu_s": 5, "idle_gpu_s": 55, "billed_gpu_s": 200,
    }  # fmt: skip
    assert found == pytest.approx(expected, nan_ok=True)
    assert list(found)[:5] == ["arrived", "completed", "rejected", "lost", "unfinished"]


def test_a_run_without_requests_and_nodes_has_no_quantiles_but_counts(requests, nodes):
    empty = {name: encode([]) if hasattr(column, "words") else column[:0] for name, column in requests.items()}
    none = {name: encode([]) if hasattr(column, "words") else column[:0] for name, column in nodes.items()}
    found = metrics(empty, none, DURATION_S, ["premium"])
    assert found["arrived"] == found["completed"] == found["cost_usd"] == found["goodput_rps"] == 0
    for name in ("sla_attainment", "sla_attainment_premium", "quality", "cost_usd_per_1000_met", "ttft_p50_s", "tpot_p99_s", "budget_mean"):
        assert np.isnan(found[name]), name


def test_a_request_without_an_end_is_an_error(requests, nodes):
    requests["status"] = encode(["completed", "completed", "completed", "lost", "vanished"])
    with pytest.raises(SimulationError, match=r"5 requests arrived, but 3 completed .* make 4"):
        metrics(requests, nodes, DURATION_S, [])


@pytest.mark.parametrize(("column", "total"), [("useful_usd", "cost_usd"), ("idle_gpu_s", "billed_gpu_s")])
def test_classes_that_are_not_the_bill_are_an_error(requests, nodes, column, total):
    nodes[column] = nodes[column] + 1e-6
    with pytest.raises(SimulationError, match=f"{total} is .*: every GPU-second has one class"):
        metrics(requests, nodes, DURATION_S, [])
