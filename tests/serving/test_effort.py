"""Effort in a running fleet: what it saves, what it costs, and how it tightens."""

import numpy as np
import pytest

from cloudsim.errors import ConfigError, PolicyError
from cloudsim.simulation import problems, simulate
from tests.cluster.scenario import contender, fingerprint, small, words
from tests.models.profiles import folder

ROWS = [(1 + 0.1 * at, 300, 200) for at in range(900)]
MARKET = {"a-1a": [(0.0, 2, 1.0)]}
STATIC, ELASTIC = {"large": ("qwen3-4b", None, 2)}, {"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}
TABLES = ("requests", "nodes", "timeline", "changes")


def fixed(share):
    return {"_target_": "policies.effort.mean_fraction.MeanFraction", "fractions": [share]}


def run(effort, pools=STATIC, rows=ROWS, market=MARKET, parts=(), **changes):
    return simulate(small(contender(pools, effort=effort, **dict(parts)), rows, market, **changes), "one", 0)


class Late:
    """All reasoning at first, and a share of it from the first look on."""

    def __init__(self, share):
        self.share = share

    def effort(self, request, replica, fleet):
        return 1.0

    def tighten(self, request, replica, fleet):
        return self.share


class Share:
    """Whatever it is told to give."""

    def __init__(self, share):
        self.share = share

    def effort(self, request, replica, fleet):
        return self.share


def test_a_share_of_the_reasoning_is_left_out_of_every_answer():
    requests = run(fixed(0.4)).requests
    assert (requests["output_tokens"] == 200 - 60).all()  # half of an answer is reasoning
    assert requests["tokens"] == pytest.approx(0.4)
    assert set(words(requests["status"])) == {"completed"}


def test_full_effort_is_none_at_all():
    for pools in (STATIC, ELASTIC):
        runs = [run(effort, pools, parts={"budget": "l2a_calibrated"}) for effort in ("full", None)]
        assert fingerprint(runs[0], TABLES) == fingerprint(runs[1], TABLES)


def test_quality_falls_along_the_curve_and_the_same_requests_stay_right():
    rows = [(1 + 0.02 * at, 100, 40) for at in range(5000)]
    right = [run(fixed(share), rows=rows).requests["correct"] == 1 for share in (1.0, 0.5, 0.2)]
    kept = [(1 - np.exp(-4 * share)) / (1 - np.exp(-4)) for share in (1.0, 0.5, 0.2)]
    assert [found.mean() for found in right] == pytest.approx([0.878 * one for one in kept], abs=0.015)
    assert not (right[1] & ~right[0]).any()
    assert not (right[2] & ~right[1]).any()


def test_effort_counts_within_what_the_level_grants():
    lean = {"budget": {"_target_": "policies.budget.fixed.Fixed", "budget": 0.5}}
    own = run(None, ELASTIC, parts=lean)
    level = own.requests["tokens"][0]
    assert level < 1
    above, below = run(fixed(0.99), ELASTIC, parts=lean), run(fixed(0.3), ELASTIC, parts=lean)
    assert fingerprint(above, TABLES) == fingerprint(own, TABLES)
    assert below.requests["tokens"] == pytest.approx(0.3)
    assert below.requests["correct"].mean() < own.requests["correct"].mean()


def test_a_request_without_reasoning_loses_nothing():
    runs = [run(effort, workload__reasoning_fraction=0.0) for effort in (fixed(0.1), None)]
    assert np.array_equal(*(one.requests["correct"] for one in runs))
    assert (runs[0].requests["output_tokens"] == 200).all()


def test_running_requests_are_tightened_but_keep_what_they_have_written():
    late = {"_target_": "tests.serving.test_effort.Late", "share": 0.1}
    requests = run(late, rows=[(1 + 0.1 * at, 300, 1500) for at in range(60)], fleet__control_interval_s=2.0).requests
    assert set(words(requests["status"])) == {"completed"}
    shares, tokens = requests["tokens"], requests["output_tokens"]
    assert ((shares >= np.float32(0.1)) & (shares < 1.0)).all()
    assert (shares == np.float32(0.1)).any()  # some were asked before they had written so much
    assert len(set(shares.tolist())) > 10  # the others end reasoning where they were
    assert (tokens == 1500 - np.round(750 * (1 - shares.astype(float)))).all()
    whole = run(None, rows=[(1 + 0.1 * at, 300, 1500) for at in range(60)]).requests
    assert (requests["done_s"] < whole["done_s"]).all()


def test_reasoning_that_is_over_cannot_be_cut():
    late = {"_target_": "tests.serving.test_effort.Late", "share": 0.01}
    rows = [(1.0, 300, 2000)]
    free = run(None, rows=rows).requests
    pace_s = (free["done_s"][0] - free["first_token_s"][0]) / 1999
    # The first look comes when all the reasoning, a tenth of the answer, is written.
    requests = run(late, rows=rows, workload__reasoning_fraction=0.1, fleet__control_interval_s=1 + 250 * pace_s).requests
    assert requests["output_tokens"][0] == 2000
    assert requests["tokens"][0] == 1.0


def test_a_run_that_is_tightened_conserves_its_seconds_and_repeats_to_the_byte():
    runs = [run("deadline_cap", rows=[(1 + 0.05 * at, 300, 500) for at in range(1500)], fleet__control_interval_s=1.0) for _ in range(2)]
    assert fingerprint(runs[0], TABLES) == fingerprint(runs[1], TABLES)
    assert (runs[0].requests["tokens"] < 1).any()
    nodes = runs[0].nodes
    assert runs[0].requests["gpu_s"].sum() == pytest.approx(nodes["useful_gpu_s"].sum() + nodes["lost_gpu_s"].sum(), abs=0.1)


def test_a_squeeze_under_notice_adds_nothing_to_what_effort_has_cut():
    market = {"a-1a": [(0.0, 1, 1.0), (20.0, 0, 1.0)], "b-1a": [(0.0, 1, 1.0)]}
    rows = [(round(1 + 0.3 * at, 3), 400, 300) for at in range(120)]
    squeezed = run(fixed(0.3), ELASTIC, rows, market, {"notice": "squeeze"}, provider__notice_s=2.4)
    assert set(words(squeezed.requests["status"])) == {"completed"}
    assert squeezed.requests["tokens"] == pytest.approx(0.3)


def test_the_curve_is_among_the_sources_only_where_an_effort_policy_is():
    names = [[source.name for source in run(effort, rows=ROWS[:5]).sources] for effort in ("full", None)]
    assert ["quality of shorter reasoning" in found for found in names] == [True, False]


@pytest.mark.parametrize("share", [0, 1.5, float("nan"), None, "half"])
def test_a_share_out_of_range_is_a_broken_contract(share):
    broken = {"_target_": "tests.serving.test_effort.Share", "share": share}
    with pytest.raises(PolicyError, match="effort Share"):
        run(broken, rows=ROWS[:5])
    late = {"_target_": "tests.serving.test_effort.Late", "share": share}
    with pytest.raises(PolicyError, match=r"effort Late .*tighten"):
        run(late, fleet__control_interval_s=2.0)


def test_effort_on_answers_that_were_measured_is_refused(tmp_path):
    pools = {"large": ("tiny-reasoner", "tiny-reasoner-l2a", 2)}
    for backend in ("recorded", "profiled"):
        changes = {"family__task": "procedural", "model__backend": backend, "model__measured": folder(tmp_path)}
        made = small(contender(pools, effort="full"), ROWS, MARKET, **changes)
        [problem] = problems(made)
        assert problem.startswith("contenders.one.effort: the answers of tiny-reasoner-l2a were measured")
        with pytest.raises(ConfigError, match="leave effort null"):
            simulate(made, "one", 0)
