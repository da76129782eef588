"""Which conversations lose their KV first, and what a prefix cache does in a fleet."""

import pytest

from cloudsim.contracts import KeptPrefix
from cloudsim.metrics.summary import metrics
from cloudsim.simulation import simulate
from policies.cache.largest_first import LargestFirst
from policies.cache.lfu import LFU
from policies.cache.lru import LRU
from tests.cluster.scenario import contender, fingerprint, preset, small, talking, words

MARKET = {"a-1a": [(0.0, 3, 1.0)]}


def entry(conversation, tokens=160, units=320, hits=0, stored_s=0.0):
    return KeptPrefix(conversation, 1, tokens, units, 1.0, hits, stored_s)


@pytest.mark.parametrize(
    ("policy", "order"),
    [(LRU(), "abc"), (LFU(), "cab"), (LargestFirst(), "bca")],
    ids=["silent for longest", "used least", "largest"],
)
def test_who_gives_way_first(policy, order):
    kept = {
        "a": entry(0, units=320, hits=2, stored_s=1.0), "b": entry(1, units=900, hits=3, stored_s=2.0),
        "c": entry(2, units=640, hits=0, stored_s=3.0),
    }  # fmt: skip
    assert "".join(sorted(kept, key=lambda name: policy.worth(kept[name], None))) == order


def run(rows, cache="lru", pools=None, budget="full", routing="least_outstanding", **changes):
    pools = pools or {"large": ("qwen3-4b", None, 1)}
    parts = contender(pools, cache=preset("cache", cache) if cache else None, budget=budget, routing=routing)
    config = small(parts, [], MARKET, traffic=talking(rows), **changes)
    return config, simulate(config, "one", 0)


TURNS = [(10.0 * turn, 100 + 400 * turn, 60, "a") for turn in range(5)]


def test_a_turn_computes_what_is_new_and_what_did_not_fill_a_block():
    config, tables = run(TURNS)
    cached = tables.requests["cached_tokens"]
    # The token that ends an answer is never stored.
    assert cached.tolist() == [0, *((before[1] + before[2] - 1) // 16 * 16 for before in TURNS[:-1])]
    plain = run(TURNS, cache=None)[1]
    assert not plain.requests["cached_tokens"].any()
    assert (tables.requests["gpu_s"] < plain.requests["gpu_s"])[1:].all()
    assert tables.requests["gpu_s"][0] == plain.requests["gpu_s"][0]
    found = metrics(tables.requests, tables.nodes, config.duration_s, list(config.tiers))
    assert found["prefix_hit_share"] == cached.sum() / sum(row[1] for row in TURNS)


def test_without_conversations_a_cache_changes_nothing():
    rows = [(0.5 * at, 300 + at, 40, None) for at in range(60)]
    scarce = {"engine__memory_fraction": 0.28}
    assert fingerprint(run(rows, "lru", **scarce)[1]) == fingerprint(run(rows, None, **scarce)[1])


def test_a_turn_at_another_level_finds_nothing():
    pools = {"large": ("qwen3-4b", "qwen3-4b-l2a", 1)}
    whims = {"_target_": "tests.policies.test_cache.Whims"}
    cached = run(TURNS, pools=pools, budget=whims)[1].requests["cached_tokens"]
    assert (cached > 0).tolist() == [False, False, True, False, False]
    assert (run(TURNS, pools=pools)[1].requests["cached_tokens"] > 0).tolist() == [False, True, True, True, True]


class Whims:
    """Budgets in turn."""

    observes = ("request.index",)

    def budget(self, request, replica, fleet):
        return (1.0, 0.7, 0.7, 1.0, 0.7)[request.index]


def test_an_older_turn_is_of_use_as_far_as_its_prompt_goes_and_a_later_one_of_none():
    """Two replicas take turns in turn, so that each has the turn before the last."""
    pools, later = {"large": ("qwen3-4b", None, 2)}, [(10.0 + row[0], *row[1:]) for row in TURNS]
    cached = run(later, pools=pools, routing="round_robin")[1].requests["cached_tokens"]
    assert cached.tolist() == [0, 0, *(before[1] // 16 * 16 for before in TURNS[:-2])]


def test_turns_that_come_while_the_last_is_under_way_find_what_there_is():
    """The second is admitted before the first has completed; the third finds the first, or the second if that was faster."""
    rows = [(0.0, 400, 400, "a"), (0.1, 900, 5, "a"), (4.0, 950, 5, "a"), (60.0, 1000, 5, "a")]
    cached = run(rows)[1].requests["cached_tokens"]
    assert cached.tolist() == [0, 0, 896, 944]  # the first completes after the second, whose KV stays


@pytest.mark.parametrize(("cache", "cached"), [("lru", [0, 192]), ("largest_first", [0, 192]), ("lfu", [192, 0])])
def test_what_does_not_fit_goes_by_the_policy(cache, cached):
    """Memory holds 3024 tokens. Conversation a is larger and was hit, b came last; then one request leaves room for 12 blocks."""
    rows = [
        (0.0, 700, 20, "a"), (5.0, 900, 20, "a"), (10.0, 300, 20, "b"), (20.0, 2800, 20, None), (30.0, 920, 5, "a"), (30.1, 320, 5, "b")
    ]  # fmt: skip
    found = run(rows, cache, engine__memory_fraction=0.285, engine__max_model_tokens=3000)[1].requests
    assert found["cached_tokens"].tolist() == [0, 704, 0, 0, *cached]


def conversations():
    """Five turns of thirteen conversations, which speak in another order in each of them, some while others are being answered."""
    order = (1, 5, 3, 7, 2)
    return sorted(
        (5.0 + 17.0 * turn + 0.2 * (at * by % 13), 150 + 260 * turn + at, 60, f"s{at}") for turn, by in enumerate(order) for at in range(13)
    )


def test_routing_by_affinity_computes_fewer_prompt_tokens_than_routing_by_load_or_in_turn():
    pools, found = {"large": ("qwen3-4b", None, 3)}, {}
    rows = conversations()
    for routing in ("round_robin", "least_outstanding", "session_affinity", "prefix_affinity"):
        requests = run(rows, pools=pools, routing=routing)[1].requests
        assert (requests["status"].codes == 0).all()
        found[routing] = int((requests["input_tokens"] - requests["cached_tokens"]).sum())
    # What no turn shares with the one before, and what did not fill a block.
    least = sum(row[1] for row in rows) - sum((row[1] + row[2] - 1) // 16 * 16 for row in rows if row[0] < 5.0 + 17.0 * 4)
    assert found["session_affinity"] == least
    assert least < found["prefix_affinity"] < 0.8 * min(found["round_robin"], found["least_outstanding"])  # load counts more for short ones


def test_decisions_on_the_cache_can_be_logged_and_looking_changes_nothing():
    pools, rows = {"large": ("qwen3-4b", None, 3)}, conversations()
    plain, logged = (run(rows, pools=pools, routing="prefix_affinity", logged_share=share)[1] for share in (0.0, 1.0))
    assert fingerprint(plain, ("requests", "nodes")) == fingerprint(logged, ("requests", "nodes"))
    kinds = words(logged.decisions["kind"])
    assert kinds.count("cache") == len(rows)
    seen = [told for kind, told in zip(kinds, words(logged.decisions["inputs"]), strict=True) if kind == "cache"]
    assert all('"kept.stored_s"' in told for told in seen)
    routed = [told for kind, told in zip(kinds, words(logged.decisions["inputs"]), strict=True) if kind == "routing"]
    assert any("cached_tokens" in told for told in routed)
