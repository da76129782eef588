"""A request that goes through several models: what the client sees, what it costs, and what ends it."""

import numpy as np
import pytest

from cloudsim.config import RunConfig
from cloudsim.errors import PolicyError
from cloudsim.simulation import problems, simulate
from tests.cluster.scenario import contender, preset, small, words
from tests.models.profiles import folder
from traces.provenance import Provenance

POOLS = {"large": ("qwen3-4b", None, 1), "middle": ("qwen3-1.7b", None, 1), "small": ("qwen3-0.6b", None, 1)}
MARKET = {"a-1a": [(0.0, 3, 1.0)]}
ROWS = [(1 + 0.1 * at, 300, 100) for at in range(900)]  # all pools are ready by the first
OVERHEAD_S = 15.6e-3


def run(routing="cascade", rows=ROWS, market=MARKET, pools=POOLS, **changes):
    return simulate(small(contender(pools, routing=routing), rows, market, **changes), "one", 0)


def always(threshold):
    return {"_target_": "policies.routing.cascade.Cascade", "confidence": [threshold], "crowded": 10_000}


def by_model(tables, name):
    model = tables.requests["model"]
    return model.codes == model.words.index(name)


@pytest.fixture(scope="module")
def through_all():
    """Every answer but the last one is thrown away."""
    return run(always(1.0))


def test_a_request_that_nothing_convinces_ends_with_the_largest_model(through_all):
    requests = through_all.requests
    assert set(words(requests["status"])) == {"completed"}
    assert set(words(requests["model"])) == {"qwen3-4b"}
    assert (requests["escalations"] == 2).all()
    assert (requests["output_tokens"] == 100).all()


def test_the_client_waits_for_all_of_them_and_pays_for_all_of_them():
    one = [(1.0, 300, 100)]
    alone = [run("least_outstanding", rows=one, pools={name: (model, None, 1)}).requests for name, (model, _, _) in POOLS.items()]
    tables = run(always(1.0), rows=one)
    requests, seen_s = tables.requests, OVERHEAD_S + 99 * 46e-6
    seconds = [found["done_s"][0] - 1.0 - seen_s for found in (requests, *alone)]
    assert seconds[0] == pytest.approx(sum(seconds[1:]), rel=1e-9)
    assert requests["gpu_s"][0] == pytest.approx(sum(found["gpu_s"][0] for found in alone), rel=1e-9)
    before_s = sum(seconds[2:])  # the largest model's answer is not reviewed, so its first token comes as in a run of its own
    assert requests["first_token_s"][0] - before_s == pytest.approx(alone[0]["first_token_s"][0], rel=1e-9)
    assert requests["lost_gpu_s"][0] == tables.nodes["lost_gpu_s"].sum() == 0


def test_an_answer_that_was_reviewed_arrives_whole():
    requests = run(always(0.0)).requests
    assert (requests["escalations"] == 0).all()
    assert set(words(requests["model"])) == {"qwen3-0.6b"}
    assert requests["done_s"] - requests["first_token_s"] == pytest.approx(np.full(len(ROWS), 99 * 46e-6))


def test_quality_is_that_of_the_answer_that_is_delivered():
    for name, threshold in (("large", 1.0), ("small", 0.0)):
        alone = run("least_outstanding", pools={name: (POOLS[name][0], None, 3)}).requests
        assert np.array_equal(run(always(threshold)).requests["correct"], alone["correct"])


def test_an_oracle_sends_on_what_is_wrong_and_nothing_else():
    requests = run(always(0.5), workload__confidence_auroc=1.0).requests
    small_only = run(always(0.0)).requests
    assert np.array_equal(requests["escalations"] == 0, small_only["correct"] == 1)
    best = run(always(1.0)).requests
    assert np.array_equal(requests["correct"], best["correct"])  # a larger model is right wherever a smaller one is
    assert np.median(requests["done_s"] - requests["arrival_s"]) < 0.5 * np.median(best["done_s"] - best["arrival_s"])


def test_better_confidences_send_on_more_of_the_wrong_answers_and_fewer_of_the_right_ones():
    right = []
    for auroc in (0.5, 0.7, 0.9, 1.0):
        requests = run(always(0.5), workload__confidence_auroc=auroc).requests
        sent = requests["escalations"] > 0
        wrong_first = run(always(0.0)).requests["correct"] == 0
        right.append((sent & wrong_first).sum() / wrong_first.sum() - (sent & ~wrong_first).sum() / (~wrong_first).sum())
    assert right == sorted(right)
    assert right[0] == 0
    assert right[-1] == 1


def test_a_node_lost_in_a_second_answer_starts_that_answer_again_and_not_the_first():
    market = {"a-1a": [(0.0, 4, 1.0), (30.0, 2, 1.0), (31.0, 4, 1.0)]}
    pools = {"large": ("qwen3-4b", None, 2), "small": ("qwen3-0.6b", None, 2)}
    tables = run(always(1.0), market=market, pools=pools, provider__notice_s=0.0, rows=[(1 + 0.05 * at, 300, 200) for at in range(1500)])
    requests = tables.requests
    again = (requests["retries"] > 0) & (requests["escalations"] > 0)
    assert again.any()
    assert set(words(requests["status"])) == {"completed"}
    assert (requests["escalations"] == 1).all()
    assert (requests["generated_tokens"] == 200).all()
    assert (requests["lost_gpu_s"][again] > 0).any()


def test_answers_thrown_away_are_lost_with_a_request_that_is_lost():
    market = {"a-1a": [(0.0, 2, 1.0), (20.0, 0, 1.0)]}
    pools = {"large": ("qwen3-4b", None, 1), "small": ("qwen3-0.6b", None, 1)}
    tables = run(always(1.0), market=market, pools=pools, provider__notice_s=0.0, gateway__max_retries=0)
    requests = tables.requests
    lost = np.array(words(requests["status"])) == "lost"
    assert (lost & (requests["escalations"] > 0)).any()
    assert requests["lost_gpu_s"][lost] == pytest.approx(requests["gpu_s"][lost])
    assert np.isnan(requests["first_token_s"][lost & (requests["escalations"] == 0)]).all()  # held back, so nobody saw a token
    assert (requests["generated_tokens"][lost & (requests["escalations"] == 0)] == 0).all()


def test_a_review_that_never_ends_is_a_broken_contract():
    endless = {"_target_": "tests.policies.restless.Endless"}
    with pytest.raises(PolicyError, match=r"routing Endless throws away 3 answers, where there are 3 pools, of request 0"):
        run(endless, rows=ROWS[:5])
    tables = run(endless, rows=ROWS[:50], on_policy_error="fallback")
    assert set(words(tables.requests["status"])) == {"completed"}
    assert (tables.requests["escalations"] == 2).all()
    assert tables.breaches[0].count == 50


def test_samples_follow_each_other_and_vote():
    odar = {"_target_": "policies.routing.odar.Odar", "medium": 0.0, "hard": 0.0, "samples": 3}
    one, three = run("least_outstanding", pools={"large": ("qwen3-4b", None, 3)}), run(odar, pools={"large": ("qwen3-4b", None, 3)})
    assert (three.requests["output_tokens"] == 300).all()
    assert (three.requests["samples"] == 3).all()
    seconds = [np.median(tables.requests["done_s"] - tables.requests["first_token_s"]) for tables in (one, three)]
    assert 2.8 * seconds[0] < seconds[1] < 4 * seconds[0]
    assert three.requests["correct"].mean() > one.requests["correct"].mean()
    [source] = [source for source in three.sources if source.name == "votes among samples"]
    assert source.provenance is Provenance.ASSUMED
    assert "votes among samples" not in {source.name for source in one.sources}


def test_no_more_samples_are_written_than_fit():
    rows = [(1.0 * at, 1000, 400) for at in range(20)]
    odar = {"_target_": "policies.routing.odar.Odar", "medium": 0.0, "hard": 0.0, "samples": 8}
    requests = run(odar, rows=rows, engine__max_model_tokens=2300).requests
    assert (requests["samples"] == 3).all()
    assert (requests["output_tokens"] == 1200).all()


def test_a_run_of_problems_is_reviewed_too_but_not_sampled(tmp_path):
    measured = {"large": ("tiny-reasoner", "tiny-reasoner-l2a", 1), "small": ("tiny-reasoner", "tiny-reasoner-l2a", 1)}
    changes = {
        "family__task": "procedural", "model__backend": "recorded", "model__measured": folder(tmp_path), "model__clock": "measured",
        "workload__confidence_auroc": 1.0, "engine__max_model_tokens": 4096,
    }  # fmt: skip
    lean = {"_target_": "tests.serving.test_cascades.LeanSmall"}
    made = small(contender(measured, routing=always(0.5), budget=lean), ROWS, {"a-1a": [(0.0, 2, 1.0)]}, **changes)
    requests = simulate(made, "one", 0).requests
    assert set(words(requests["status"])) == {"completed"}
    sent = requests["escalations"] > 0
    assert 0.1 < sent.mean() < 0.9
    assert (requests["correct"][~sent] == 1).all()
    assert (requests["budget"][sent] == 1.0).all()
    with pytest.raises(PolicyError, match="wants 3 samples of tiny-reasoner, which gives from 1 to 1"):
        simulate(small(contender(measured, routing="acar"), ROWS, {"a-1a": [(0.0, 2, 1.0)]}, **changes), "one", 0)


class LeanSmall:
    """The leanest level on the small pool, the full one on the large."""

    def budget(self, request, replica, fleet):
        return 1.0 if replica.pool == "large" else 0.01


def test_what_is_assumed_of_confidences_is_among_the_sources_of_a_run_with_reviews():
    titles = [{source.name for source in run(name, rows=ROWS[:10]).sources} for name in ("cascade", "least_outstanding")]
    assert ["confidence of answers" in found for found in titles] == [True, False]


def test_the_shipped_cascade_can_start():
    from cloudsim.composition.plan import compose

    config = compose(["+contender@contenders.cascade=cascade", "+contender@contenders.l2a=l2a"], None, problems).config
    assert isinstance(config, RunConfig)
    assert sum(pool.instances for pool in config.contenders["cascade"].pools.values()) == config.fleet.instances
    assert config.contenders["cascade"].routing.target == preset("routing", "cascade")["_target_"]
