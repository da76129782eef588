"""Runs on measured profiles, without a network."""

import numpy as np
import pytest

from cloudsim.errors import ConfigError
from cloudsim.metrics.summary import metrics
from cloudsim.simulation import problems, simulate
from tests.cluster.scenario import contender, fingerprint, small
from tests.models.profiles import folder

ROWS = [(at * 0.05, 300, 100) for at in range(1200)]
MARKET = {"a-1a": [(0.0, 2, 1.0), (20.0, 1, 1.0), (45.0, 2, 1.0)]}
POOLS = {"large": ("tiny-reasoner", "tiny-reasoner-l2a", 2)}


def run(path, backend="recorded", budget=1.0, pools=POOLS, **changes):
    fixed = {"_target_": "policies.budget.fixed.Fixed", "budget": budget}
    made = small(
        contender(pools, budget=fixed, notice="squeeze"), ROWS, MARKET, **{
            "family__task": "procedural", "model__backend": backend, "model__measured": path, "model__clock": "measured",
            "provider__notice_s": 5.0, "duration_s": 60.0,
        } | changes,
    )  # fmt: skip
    tables = simulate(made, "one", 0)
    return tables, metrics(tables.requests, tables.nodes, made.duration_s, list(made.tiers))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("measured"))


@pytest.mark.parametrize("backend", ["profiled", "recorded"])
def test_quality_is_the_measured_accuracy_of_the_level(path, backend):
    # The records have 100, 45 and 25 % of what 1.1·b − 0.1·d leaves; each difficulty has the same share of requests.
    for budget, expected in ((1.0, (1.0 + 0.9 + 0.8 + 0.7) / 4), (0.5, (0.45 + 0.35 + 0.25 + 0.15) / 4)):
        _, measured = run(path, backend, budget)
        assert measured["completed"] > 1100
        assert measured["quality"] == pytest.approx(expected, abs=0.08)


def test_a_recorded_answer_has_its_own_length_and_layers(path):
    tables, _ = run(path, budget=0.75)
    done = tables.requests["correct"] >= 0
    grade = np.minimum((tables.requests["difficulty"][done] * 4).astype(int), 3) + 1
    steady = tables.requests["retries"][done] == 0
    assert (tables.requests["input_tokens"][done] == 20 + grade).all()
    assert np.isin(tables.requests["output_tokens"][done][steady], 5 + round(30 * 0.75) + np.arange(1, 5)).all()
    assert np.allclose(tables.requests["depth"][done], np.round(6 + (grade - 2.5)) / 8)


def test_leaner_levels_are_faster_and_runs_are_repeated_to_the_byte(path):
    (full, rich), (_, lean) = run(path), run(path, budget=0.5)
    assert lean["e2e_p50_s"] < 0.8 * rich["e2e_p50_s"]
    assert fingerprint(full) == fingerprint(run(path)[0])


def test_a_model_that_was_not_measured_cannot_be_recorded(path):
    made = small(contender({"large": ("qwen3-4b", None, 2)}), ROWS, MARKET, model__backend="recorded", model__measured=path)
    found = problems(made)
    assert any("needs a measured model" in problem and "qwen3-4b" in problem for problem in found)
    with pytest.raises(ConfigError, match=r"nor was it measured: there is no .*tiny-reasoner-l2a\.yaml"):
        run(path + "/none", "profiled")


def test_profiles_of_different_problems_are_not_mixed(tmp_path):
    path = folder(tmp_path, suite="other")
    pools = POOLS | {"small": ("tiny-reasoner", None, 1)}
    with pytest.raises(ConfigError, match="different problems"):
        run(path, pools=pools)
