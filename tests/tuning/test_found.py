"""What is best within a cap, and what is on a front, by hand."""

import pytest

from cloudsim.errors import ConfigError
from cloudsim.tuning.search import Found, Tried
from cloudsim.tuning.target import COST, mean_of, read_target

GOALS = ["correct_goodput_rps"]


def tried(number, right, cost, feasible=True, state="complete"):
    return Tried(number, state, {"budget.floor": number / 10}, {"correct_goodput_rps": right, COST: cost}, right - 10.0, feasible, 3)


def found(*trials, objectives=GOALS):
    target = read_target(objectives, ["premium"], 0.002, 3600.0)
    return Found(target, tried(-1, 10.0, 5.0), 5.0, trials, {})


def test_the_best_is_complete_and_within_the_cap():
    made = found(tried(0, 11.0, 5.0), tried(1, 14.0, 6.0, feasible=False), tried(2, 13.0, 4.0, state="pruned"), tried(3, 11.0, 4.0))
    assert made.best.number == 0  # of equals the one tried first
    assert [one.number for one in made.candidates] == [-1, 0, 3]


def test_where_nothing_is_better_the_untuned_setting_stays():
    assert found(tried(0, 9.0, 4.0)).best.number == -1
    assert found().best.number == -1


def test_the_front_holds_what_no_other_beats():
    trials = (tried(0, 12.0, 5.0), tried(1, 11.0, 4.0), tried(2, 11.0, 4.5), tried(3, 9.0, 3.0), tried(4, 20.0, 9.0, feasible=False))
    made = found(*trials, objectives=["correct_goodput_rps", COST])
    assert [one.number for one in made.front] == [0, 1, 3]


def test_metrics_that_are_better_lower_are_lowered():
    target = read_target(["ttft_p99_s", "sla_attainment_premium", "net_value_usd_per_h"], ["premium"], 0.002, 1800.0)
    assert target.raised == (False, True, True)
    assert target.better(1.0, 2.0, at=0)
    measured = target.measured({"ttft_p99_s": 1.0, "sla_attainment_premium": 0.9, "correct_goodput_rps": 10.0, "cost_usd": 3.0})
    assert measured == {
        "ttft_p99_s": 1.0, "sla_attainment_premium": 0.9, "net_value_usd_per_h": pytest.approx(66.0), COST: pytest.approx(6.0),
    }  # fmt: skip
    assert mean_of([{"a": 1.0}, {"a": 4.0}]) == {"a": 2.5}


@pytest.mark.parametrize(
    ("objectives", "said"),
    [
        (["correct_goodput_rsp"], "did you mean correct_goodput_rps?"),
        (["budget_mean"], "found 'budget_mean'"),
        (["sla_attainment_gold"], "found 'sla_attainment_gold'"),
        (["quality", "quality"], "one is named twice"),
    ],
)
def test_objectives_without_a_meaning_are_told(objectives, said):
    with pytest.raises(ConfigError) as error:
        read_target(objectives, ["premium"], 0.002, 3600.0)
    assert said in str(error.value)
