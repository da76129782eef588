"""Steps of a task go to the large model while the task can pay for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.routing import task_budget
from policies.routing.task_budget import TaskBudget
from tests.policies.views import Request, fleet


def policy(**changes):
    """A budget of 1000 answer tokens on the large model, a tenth of whose price the small one has."""
    plain = {"budget_usd": 1.0, "hard": 0.5, "large_usd_per_million": 1000.0, "small_usd_per_million": 100.0, "prompt_share": 0.1}
    return TaskBudget(**plain | changes)


def step(task=0, difficulty=0.9, answer=300, prompt=1000):
    return Request(conversation=task, difficulty_seen=difficulty, output_tokens_seen=answer, input_tokens=prompt)


def pools(made, *steps, view=None):
    view = view or fleet(large=(3,), middle=(0,), small=(3,))
    return [made.route(one, view).pool for one in steps]


def test_hard_steps_go_to_the_large_model_until_the_budget_is_spent():
    made = policy()
    assert pools(made, *[step()] * 4) == ["large", "large", "small", "small"]  # 400 tokens each
    assert pools(made, step(task=1)) == ["large"]
    assert pools(made, step(answer=20)) == ["large"]  # 120 of the 120 that are left after two steps at a tenth
    assert pools(made, step(answer=1, prompt=1)) == ["small"]


def test_easy_steps_go_to_the_small_model_and_are_charged_its_price():
    made = policy()
    assert pools(made, *[step(difficulty=0.4)] * 15) == ["small"] * 15  # 600 of 1000
    assert pools(made, step(), step()) == ["large", "small"]


def test_requests_without_a_task_have_a_budget_each():
    made = policy()
    assert pools(made, *[step(task=-1)] * 5, step(task=-1, answer=901)) == ["large"] * 5 + ["small"]
    assert not made._spent_usd


def test_where_the_model_is_not_ready_the_nearest_one_serves_at_the_price_of_the_large_one():
    made, view = policy(), fleet(large=(), middle=(0,), small=())
    assert pools(made, *[step(difficulty=0.1)] * 2, view=view) == ["middle"] * 2
    assert made._spent_usd[0] == pytest.approx(0.8)


def test_only_so_many_tasks_are_remembered(monkeypatch):
    monkeypatch.setattr(task_budget, "MOST_TASKS", 2)
    made = policy()
    pools(made, *(step(task) for task in (0, 1, 0, 2)))
    assert list(made._spent_usd) == [0, 2]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1), st.integers(1, 900), st.integers(1, 3000)), max_size=40))
def test_what_a_task_spends_on_the_large_model_is_within_its_budget(steps):
    made, spent, view = policy(), {}, fleet(large=(0,), small=(0,))
    for task, difficulty, answer, prompt in steps:
        [pool] = pools(made, step(task, difficulty, answer, prompt), view=view)
        spent[task] = spent.get(task, 0.0) + (answer + 0.1 * prompt) * (1e-3 if pool == "large" else 1e-4)
        assert pool == "small" or spent[task] <= 1.0 + 1e-12
        assert made._spent_usd[task] == pytest.approx(spent[task])


@pytest.mark.parametrize("wrong", [{"budget_usd": 0}, {"hard": 1.1}, {"large_usd_per_million": -1}, {"prompt_share": -0.1}])
def test_impossible_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        policy(**wrong)
