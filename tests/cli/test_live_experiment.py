"""The configuration of the measured models: how it composes, and what is said while they are not there."""

import pytest

from cloudsim import simulation
from cloudsim.composition.plan import compose
from cloudsim.errors import ConfigError
from tests.models.profiles import folder, profile

LIVE = ["+experiment=spot_preemption_live"]


def composed(*words):
    return compose(words, None, lambda config: []).config


def test_the_issue_s_spellings_choose_the_measured_models():
    config = composed("+experiment=spot_preemption", "model=tiny_reasoner_l2a", "model.backend=live", "model.clock=measured")
    assert config.family.task == "procedural"
    assert config.contenders["l2a"].pools["large"].elastic == "tiny-reasoner-l2a"
    assert (config.model.backend, config.model.clock) == ("live", "measured")
    assert composed("+experiment=spot_preemption").model.backend == "profiled"


def test_the_live_experiment_has_two_thousand_requests_of_real_problems():
    config = composed(*LIVE)
    assert config.model.backend == "live"
    assert config.duration_s * config.traffic.arguments["rate_rps"] == 2000
    assert list(config.contenders) == ["l2a", "static_dense", "static_small", "on_demand"]


def test_the_live_experiment_can_start_on_recorded_problems(tmp_path):
    from cloudsim.l2a.profiling.writing import write_profile

    folder(tmp_path)
    small = profile("tiny-reasoner-small", "tiny-reasoner-small", budgets=(1.0,), skipping="dense")
    write_profile(small, tmp_path / "tiny-reasoner-small.yaml")
    words = [*LIVE, f"model.measured={tmp_path}", "model.backend=recorded"]
    assert simulation.problems(compose(words, None, lambda config: []).config) == []


def test_missing_profiles_are_named_with_the_command_that_makes_them(tmp_path):
    with pytest.raises(ConfigError) as raised:
        compose([*LIVE, f"model.measured={tmp_path}"], None, simulation.problems)
    told = str(raised.value)
    assert f"{tmp_path}/tiny-reasoner-l2a.yaml" in told
    assert "python -m cloudsim profile l2a" in told
