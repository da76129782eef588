"""What policies are shown of a run: the oracle that bounds may ask, the depth of a batch, and how requests ended."""

import numpy as np
import pytest

from cloudsim.simulation import simulate
from tests.cluster.scenario import contender, small, words

HERE = "tests.policies.test_views"
ROWS = [(round(0.2 * at, 3), 300 + at % 5 * 100, 60 + at % 7 * 40) for at in range(200)]
MARKET = {"a-1a": [(0.0, 2, 1.0)]}


class Asks:
    """A budget for each request in turn. Asks the oracle before, and hears what became of it after.

    Args: budgets: in turn.
    """

    made = None

    def __init__(self, budgets):
        self.budgets, self.foreseen, self.heard, self.deepest = budgets, {}, {}, []
        type(self).made = self

    def budget(self, request, replica, fleet):
        budget = self.budgets[request.index % len(self.budgets)]
        level = replica.profile.level_for(budget)
        self.foreseen[request.index] = fleet.would_be_right(request, replica, level), request.full_output_tokens
        self.deepest.append((replica.deepest_budget, replica.outstanding))
        return budget

    def learn(self, served):
        self.heard[served.request.index] = served


def run(budgets, **changes):
    pools = {"large": ("qwen3-4b", changes.pop("elastic", "qwen3-4b-l2a"), 2)}
    parts = contender(pools, routing="round_robin", budget={"_target_": f"{HERE}.Asks", "budgets": budgets})
    return simulate(small(parts, ROWS, MARKET, **changes), "one", 0), Asks.made


def test_the_oracle_knows_the_length_and_the_answer_at_a_level():
    tables, asked = run([1.0, 0.8, 0.67], workload__reasoning_fraction=0.0)
    rows = tables.requests
    assert set(words(rows["status"])) == {"completed"}
    order = np.argsort(rows["request"])
    foreseen = [asked.foreseen[index] for index in sorted(asked.foreseen)]
    assert [right for right, _ in foreseen] == rows["correct"][order].tolist()
    assert [length for _, length in foreseen] == rows["output_tokens"][order].tolist()
    assert 0 < sum(right for right, _ in foreseen) < len(foreseen)


def test_learners_are_told_when_requests_ended_and_how():
    tables, asked = run([1.0, 0.67], workload__feedback_error=0.0)
    rows = tables.requests
    for at, index in enumerate(rows["request"].tolist()):
        served = asked.heard[index]
        assert served.at_s < rows["done_s"][at] < served.at_s + 0.1  # overheads at the client
        assert rows["done_s"][at] - rows["arrival_s"][at] == pytest.approx(served.e2e_s)
        assert served.right_seen == rows["correct"][at]
        assert served.budget == pytest.approx(rows["budget"][at])


def test_the_deepest_budget_is_that_of_the_richest_member_and_0_of_an_empty_batch():
    _, asked = run([0.67, 0.67, 0.8, 0.8])  # replica in turn: each gets both
    assert {budget for budget, outstanding in asked.deepest if not outstanding} == {0.0}
    assert {budget for budget, outstanding in asked.deepest if outstanding} <= {0.0, 0.67, 0.8}
    assert {0.67, 0.8} <= {budget for budget, _ in asked.deepest}
    _, asked = run([0.67, 0.8], elastic="qwen3-4b-l2a-independent")
    assert {budget for budget, _ in asked.deepest} == {0.0}


@pytest.mark.parametrize("name", ["full_output_tokens", "deepest_budget"])
def test_they_cannot_be_set(name):
    from cloudsim.views import ReplicaView, RequestView

    view = (RequestView if name == "full_output_tokens" else ReplicaView)(None)
    with pytest.raises(TypeError, match=f"sets {name}"):
        setattr(view, name, 1)
