"""What each scaling policy promises, and what the fleet makes of it."""

import sys
from math import nan

import numpy as np
import pytest

from cloudsim.contracts import Foresight
from cloudsim.errors import ConfigError, SimulationError
from cloudsim.simulation import simulate
from policies.scaling.fixed import Fixed
from policies.scaling.forecast import Forecast
from policies.scaling.hpa_like import HpaLike
from policies.scaling.oracle_arrivals import OracleArrivals
from policies.scaling.reactive import Reactive
from policies.scaling.scheduled import Scheduled
from policies.scaling.target_utilisation import TargetUtilisation
from tests.cluster.scenario import contender, fingerprint, preset, small, words
from tests.policies.views import cluster, load


def wanted(policy, target=2, now_s=15.0, **seen):
    """The target of the one pool `p`."""
    return policy.targets(load(now_s, p=seen), cluster({"p": target}))["p"]


def test_fixed_keeps_what_is_configured():
    assert Fixed().targets(load(p={"outstanding": 10**6}), cluster({"p": 2, "q": 0})) == {"p": 2, "q": 0}


def test_reactive_steps_at_its_thresholds_and_then_waits():
    policy = Reactive(10, 2, 1, 60.0, 1, 4)
    assert wanted(policy, outstanding=20) == 2  # exactly ten each
    assert wanted(policy, outstanding=21) == 3
    assert wanted(policy, 3, 74.0, outstanding=99) == 3
    assert wanted(policy, 3, 75.0, outstanding=99) == 4
    assert wanted(policy, 4, 200.0, outstanding=99) == 4
    assert wanted(policy, 4, 300.0, outstanding=0) == 3
    assert wanted(Reactive(10, 2, 5, 0.0, 1, None), outstanding=0) == 1


def test_reactive_counts_who_waits_for_any_instance():
    assert Reactive(10, 2, 1, 0.0, 0, None).targets(load(pending=11, p={"ready": 0}), cluster({"p": 0})) == {"p": 1}


def test_target_utilisation_scales_in_proportion_out_at_once_and_in_late():
    policy = TargetUtilisation(0.5, 0.0, 30.0, 600.0, 1, None)
    assert wanted(policy, 2, 15.0, utilisation=1.0) == 4
    assert wanted(policy, 4, 30.0, ready=4, utilisation=1.0) == 4  # the pause
    assert wanted(policy, 4, 45.0, ready=4, utilisation=0.8) == 7
    assert wanted(policy, 7, 300.0, ready=7, utilisation=0.1) == 7
    assert wanted(policy, 7, 700.0, ready=7, utilisation=0.46) == 7  # above nine tenths of the target
    assert wanted(policy, 7, 700.0, ready=7, utilisation=0.1) == 2


def test_target_utilisation_looks_at_a_window():
    policy = TargetUtilisation(0.5, 45.0, 0.0, 0.0, 0, None)
    assert [wanted(policy, 2, at * 15.0, utilisation=share) for at, share in enumerate((0.6, 0.3, 0.3), 1)] == [3, 2, 2]


def test_hpa_follows_kubernetes_formula_and_tolerance():
    policy = HpaLike("outstanding", 10.0, 0.1, 0.0, 1, None)
    assert wanted(policy, outstanding=22) == 2  # 1.1 times the target is within the tolerance
    assert wanted(policy, outstanding=23) == 3
    assert wanted(policy, 3, 30.0, ready=3, outstanding=12) == 2
    assert wanted(policy, 2, 45.0, outstanding=0) == 1


def test_hpa_adds_four_or_doubles_in_fifteen_seconds():
    policy = HpaLike("queued_tokens", 10.0, 0.1, 0.0, 1, None)
    assert wanted(policy, 2, 15.0, queued_tokens=10**6) == 6
    assert wanted(policy, 6, 20.0, queued_tokens=10**6) == 6
    assert wanted(policy, 6, 30.0, queued_tokens=10**6) == 12


def test_hpa_takes_the_highest_recommendation_of_its_window_downwards():
    policy = HpaLike("utilisation", 0.5, 0.1, 300.0, 1, None)
    assert wanted(policy, 4, 15.0, ready=4, utilisation=0.45) == 4
    assert wanted(policy, 4, 30.0, ready=4, utilisation=0.3) == 4
    assert wanted(policy, 4, 315.0, ready=4, utilisation=0.1) == 3  # what was recommended at 30 s
    assert wanted(policy, 3, 330.0, ready=3, utilisation=0.1) == 1


def test_scheduled_repeats_its_timetable():
    policy = Scheduled([[0, 0.5], [100, 2.0]], 200, 0, None)
    assert [wanted(policy, 3, now_s) for now_s in (0.0, 99.0, 100.0, 199.0, 200.0, 300.0)] == [2, 2, 6, 6, 2, 6]


def forecast(under=1.0, over=1.0, instance_rps=1.0, most=None, lags=2, window=40):
    policy = Forecast(30.0, lags, window, under, over, instance_rps, 0, most)
    assert policy.targets(load(0.0, ()), cluster({"p": 2})) == {"p": 2}
    return policy


def rates(policy, arrivals_rps, **seen):
    return policy.targets(load(15.0 * len(arrivals_rps), arrivals_rps, p=seen), cluster({"p": 2}))["p"]


def test_forecast_takes_the_newsvendors_quantile():
    """Noise without memory about 20 requests/s: the forecast is the mean, and its spread that of the mean of two intervals."""
    noise = 20 + 4 * np.random.default_rng(1).normal(size=400)
    middle, high, low = (rates(forecast(*costs, window=400), noise) for costs in ((1, 1), (9, 1), (1, 9)))
    assert middle in (20, 21)
    spread = 1.2816 * 4 / np.sqrt(2)
    assert high - middle == pytest.approx(spread, abs=1.1)
    assert middle - low == pytest.approx(spread, abs=1.1)


def test_forecast_sees_a_ramp_go_on():
    ramp = np.arange(1.0, 61.0)
    assert rates(forecast(window=60), ramp) in (61, 62)  # the mean of the next two
    assert rates(forecast(window=60, most=7), ramp) == 7


def test_forecast_begins_with_the_mean_and_the_spread_of_what_was():
    assert rates(forecast(), [3.0, 5.0]) == 4
    assert rates(forecast(9, 1), [3.0, 5.0]) == 6  # 4 + 1.28 x 1


def test_forecast_learns_what_an_instance_serves():
    assert rates(forecast(instance_rps=None), [4.0, 4.0], request_s=0.5) == 2
    assert rates(forecast(instance_rps=None), [4.0, 4.0], request_s=nan) == 2  # the target, until something is known
    assert rates(forecast(instance_rps=None), [4.0, 4.0], request_s=2.0) == 8


def test_a_forecast_is_never_below_nothing():
    assert rates(forecast(1, 99), [0.0, 9.0, 0.0, 0.0]) == 0


def test_forecast_without_scikit_learn_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(ConfigError, match=r"needs scikit-learn: pip install .*\[forecast\]"):
        forecast()


def test_pools_share_the_arrivals_as_they_share_the_instances():
    policy = Forecast(15.0, 2, 40, 1.0, 1.0, 1.0, 0, None)
    policy.targets(load(0.0, ()), cluster({"p": 3, "q": 1}))
    assert policy.targets(load(15.0, (8.0,), p={}, q={}), cluster({"p": 3, "q": 1})) == {"p": 6, "q": 2}


def test_the_oracle_has_instances_before_the_arrivals_come():
    policy = OracleArrivals(1.0, 1, None)
    policy.foresee(Foresight(1000.0, 10.0, 40.0, True, 3.0, {}, np.arange(200.05, 300, 0.25)))
    assert [wanted(policy, 1, now_s) for now_s in (0.0, 140.0, 160.0, 250.0, 300.0)] == [1, 1, 4, 4, 1]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Reactive(2, 2, 1, 0, 0, None), "down"),
        (lambda: Reactive(2, 1, 0, 0, 0, None), "step"),
        (lambda: Reactive(2, 1, 1, 0, 3, 2), "least"),
        (lambda: TargetUtilisation(1.5, 0, 0, 0, 0, None), "target"),
        (lambda: TargetUtilisation(0.5, 0, -1, 0, 0, None), "out_cooldown_s"),
        (lambda: HpaLike("cpu", 1, 0, 0, 0, None), "metric"),
        (lambda: HpaLike("outstanding", 1, -1, 0, 0, None), "tolerance"),
        (lambda: Scheduled([[1, 1]], 10, 0, None), "timetable"),
        (lambda: Scheduled([[0, 1], [10, 1]], 10, 0, None), "timetable"),
        (lambda: Scheduled([[0, -1]], 10, 0, None), "timetable"),
        (lambda: Scheduled([[0, 1]], 10, -1, None), "least"),
        (lambda: Forecast(0, 1, 9, 1, 1, None, 0, None), "ahead_s"),
        (lambda: Forecast(9, 0, 9, 1, 1, None, 0, None), "lags"),
        (lambda: Forecast(9, 4, 8, 1, 1, None, 0, None), "window"),
        (lambda: OracleArrivals(0, 0, None), "instance_rps"),
    ],
)
def test_impossible_settings_are_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()


ROWS = [(at / 4, 300, 100) for at in range(440)]
MARKET = {"a-1a": [(0.0, 4, 1.0)], "b-1a": [(0.0, 4, 1.0)]}


class Says:
    """A scaling policy that says the same thing whenever it is asked."""

    def __init__(self, said):
        self.said = said

    def targets(self, load, cluster):
        return self.said


class Notes:
    """Keeps what it saw of the load."""

    seen = ()

    def targets(self, load, cluster):
        Notes.seen = (*Notes.seen, load)
        return {"large": 1 if load.now_s >= 60 else 3}


def says(said):
    return {"_target_": f"{__name__}.Says", "said": said}


def run(scaling, provisioning="on_demand", **changes):
    parts = contender({"large": ("qwen3-4b", None, 2)}, provisioning=provisioning, scaling=scaling)
    return simulate(small(parts, ROWS, MARKET, **changes), "one", 0)


@pytest.mark.parametrize("said", [{"large": -1}, {"large": 1.0}, {"large": True}, {"large": "2"}, {"huge": 2}, [2], None])
def test_a_broken_target_is_told_by_name(said):
    with pytest.raises(SimulationError) as found:
        run(says(said))
    [message] = found.value.problems
    assert "one: scaling Says" in message


def test_without_a_scaling_policy_a_run_is_what_it_was_with_fixed_targets():
    before = fingerprint(run(None))
    for scaling in (preset("scaling", "fixed"), says({"large": 2}), says({})):
        assert fingerprint(run(scaling)) == before


@pytest.mark.parametrize("provisioning", ["on_demand", "spot_spread", "spot_hedge", "even_spread", "round_robin_zones", "cheapest"])
def test_a_fleet_grows_and_shrinks_with_its_targets(provisioning):
    Notes.seen = ()
    nodes = run({"_target_": f"{__name__}.Notes"}, provisioning).nodes
    extra = 1 if provisioning == "spot_hedge" else 0
    spot_or_all = [market == "spot" for market in words(nodes["market"])] if extra else [True] * len(nodes["node"])
    assert sum(spot_or_all) == 3 + extra
    ends = sorted(end for end, counts in zip(nodes["ended_s"], spot_or_all, strict=True) if counts)
    assert ends[-1 - extra :] == [180.0] * (1 + extra)
    assert all(60 <= end < 120 for end in ends[: -1 - extra])  # they finish their requests first


def test_the_load_is_what_passed_in_the_interval():
    Notes.seen = ()
    tables = run({"_target_": f"{__name__}.Notes"})
    loads = Notes.seen
    assert [one.now_s for one in loads] == [5.0 * at for at in range(36)]
    assert loads[-1].arrivals_rps[:21] == (4.2, *[4.0] * 20)  # those at 0 and at its end belong to the first interval
    assert sum(rate * 5 for rate in loads[-1].arrivals_rps) == len(ROWS)
    completed = sum(one.pools["large"].completed for one in loads)
    assert completed == sum(status == "completed" for status in words(tables.requests["status"]))
    assert sum(one.pools["large"].met_sla for one in loads) == tables.requests["met_sla"].sum()
    busy_s = tables.nodes["useful_gpu_s"].sum() + tables.nodes["lost_gpu_s"].sum()
    assert loads[-1].pools["large"].request_s == pytest.approx(busy_s / completed)
    assert all(0 <= one.pools["large"].utilisation <= 1 for one in loads)
    assert [one.pools["large"].ready for one in loads[:14:12]] == [0, 3]
