"""What policies are told of requests that have ended agrees with the table of requests."""

import numpy as np
import pytest

from cloudsim.simulation import simulate
from tests.cluster.scenario import contender, small, words

ROWS = [(at * 0.4, 200 + at * 37 % 900, 20 + at * 53 % 300) for at in range(250)]
MARKET = {"a-1a": [(0.0, 2, 1.0), (30.0, 0, 1.0), (60.0, 2, 1.0)]}
TOLD = []


class Listens:
    """Notes what it is told, for the test."""

    def budget(self, request, replica, fleet):
        return 1.0 if request.index % 2 else 0.67

    def learn(self, served):
        TOLD.append((served.request.index, served))


@pytest.mark.parametrize("error", [0.0, 0.3, 1.0])
def test_feedback_agrees_with_the_table(error):
    TOLD.clear()
    parts = contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}, budget={"_target_": "tests.policies.test_feedback.Listens"})
    config = small(parts, ROWS, MARKET, provider__notice_s=5.0, gateway__max_retries=0, workload__feedback_error=error)
    table = simulate(config, "one", 0).requests
    status, told = words(table["status"]), dict(TOLD)
    assert len(told) == len(TOLD)
    assert sorted(told) == [at for at, word in enumerate(status) if word != "unfinished"]
    assert {"completed", "lost"} <= set(status)
    for at, served in told.items():
        assert served.completed == (status[at] == "completed")
        assert served.met_sla == (table["met_sla"][at] == 1)
        assert served.gpu_s == pytest.approx(table["gpu_s"][at], abs=1e-12)
        assert served.ttft_s == pytest.approx(table["first_token_s"][at] - table["arrival_s"][at], nan_ok=True)
        if served.completed:
            assert served.e2e_s == pytest.approx(table["done_s"][at] - table["arrival_s"][at])
            assert served.budget == pytest.approx(table["budget"][at])
    completed = [at for at, word in enumerate(status) if word == "completed"]
    agree = np.mean([told[at].right_seen == (table["correct"][at] == 1) for at in completed])
    assert agree == pytest.approx(1 - error, abs=0.1)


def test_who_has_two_parts_is_told_once():
    TOLD.clear()
    both = {"_target_": "tests.policies.test_feedback.Listens"}
    parts = contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}, budget=both)
    simulate(small(parts, ROWS[:20], MARKET, provider__notice_s=5.0), "one", 0)
    assert len(TOLD) == 20
