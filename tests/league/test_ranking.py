"""Score, regret, ranks and differences against hand-worked numbers."""

import pytest

from cloudsim.league.ranking import rank
from cloudsim.league.score import net_value_usd_per_h, net_values

PLAIN = {"default": (), "good": (), "bad": ()}
SCORES = {
    "calm": {"default": [10.0, 12.0, 14.0], "good": [15.0, 16.0, 17.0], "bad": [6.0, 6.0, 6.0]},
    "storm": {"default": [4.0, 4.0, 4.0], "good": [5.0, 1.0, 3.0], "bad": [-2.0, -4.0, -6.0]},
}


def test_net_value_by_hand():
    """10 right answers a second at 0.002 USD are 72 USD an hour; 3 USD in half an hour are 6 an hour."""
    assert net_value_usd_per_h(10.0, 3.0, 1800.0, 0.002) == pytest.approx(72 - 6)
    summary = {"contenders": {"one": {"correct_goodput_rps": {"seeds": [10.0, 0]}, "cost_usd": {"seeds": [3.0, 1.0]}}}}
    assert net_values(summary, 1800.0, 0.002) == {"one": pytest.approx([66.0, -2.0])}


def test_regret_is_to_the_best_policy_where_nobody_is_clairvoyant():
    found = rank(SCORES, "default", PLAIN)
    assert {name: (bound.policy, bound.usd_per_h, bound.clairvoyant) for name, bound in found.bounds.items()} == {
        "calm": ("good", 16.0, False), "storm": ("default", 4.0, False),
    }  # fmt: skip
    by = {one.policy: one for one in found.standings}
    assert by["default"].mean_regret == pytest.approx((4 / 16 + 0) / 2)
    assert by["good"].mean_regret == pytest.approx((0 + 1 / 4) / 2)
    assert by["bad"].mean_regret == pytest.approx((10 / 16 + 8 / 4) / 2)
    assert by["bad"].rank == 3
    assert by["default"].rank == by["good"].rank == 1


def test_policies_that_are_alike_share_their_rank():
    scores = {"calm": {"default": [3.0, 5.0], "same": [5.0, 3.0], "bad": [1.0, 1.0]}}
    found = rank(scores, "default", {"default": (), "bad": (), "same": ()})
    assert [(one.policy, one.rank) for one in found.standings] == [("default", 1), ("same", 1), ("bad", 3)]


def test_regret_to_a_negative_bound_is_a_share_of_its_size():
    found = rank({"calm": {"default": [-2.0], "bad": [-3.0]}}, "default", {"default": (), "bad": ()})
    assert {one.policy: one.mean_regret for one in found.standings} == {"default": 0.0, "bad": pytest.approx(0.5)}


def test_differences_are_paired_and_corrected_over_the_whole_league():
    found = rank(SCORES, "default", PLAIN)
    assert found.tests == 4
    by = {one.policy: one for one in found.standings}
    assert by["default"].results["calm"].difference is None
    difference = by["good"].results["calm"].difference  # 5, 4, 3: mean 4, standard deviation 1
    half = 4.302652729696142 / 3**0.5  # t(2, .975) / √3
    assert difference.mean == pytest.approx(4.0)
    assert difference.ci95 == pytest.approx((4 - half, 4 + half))
    assert difference.p == pytest.approx(1 - 48**0.5 / 50**0.5)
    p_values = sorted(one.results[name].difference.p for one in found.standings if one.policy != "default" for name in SCORES)
    assert by["bad"].results["storm"].difference.p_holm == pytest.approx(
        max((4 - at) * p for at, p in enumerate(p_values) if p <= by["bad"].results["storm"].difference.p)
    )
    assert difference.clear
    assert not difference.significant  # alone it would be: .02, but of four tests it is the second


def test_a_clairvoyant_policy_is_the_bound_and_has_no_rank():
    scores = {name: values | {"oracle": [20.0, 20.0, 20.0], "seer": [8.0, 8.0, 8.0]} for name, values in SCORES.items()}
    found = rank(scores, "default", PLAIN | {"oracle": ("length",), "seer": ("market",)})
    assert {bound.policy for bound in found.bounds.values()} == {"oracle"}
    assert all(bound.clairvoyant for bound in found.bounds.values())
    assert [one.rank for one in found.standings] == [1, 2, 3, None, None]
    assert [one.policy for one in found.standings][-2:] == ["oracle", "seer"]
    assert found.tests == 4  # bounds are not tested
    assert found.standings[-1].results["calm"].difference.p_holm is None


def test_a_policy_may_beat_a_clairvoyant_one():
    scores = {"calm": {"default": [12.0], "oracle": [10.0]}}
    found = rank(scores, "default", {"default": (), "oracle": ("length",)})
    assert found.standings[0].mean_regret == pytest.approx(-0.2)
    assert found.standings[0].results["calm"].difference is None
    assert found.standings[1].results["calm"].difference.ci95 is None  # one seed


def test_a_policy_that_failed_in_a_scenario_has_no_rank_and_the_others_keep_theirs():
    scores = {"calm": SCORES["calm"], "storm": {name: SCORES["storm"][name] for name in ("default", "bad")}}
    found = rank(scores, "default", PLAIN)
    assert [(one.policy, one.rank) for one in found.standings] == [("default", 1), ("bad", 2), ("good", None)]
    assert found.standings[-1].mean_regret == 0.0


def test_without_the_default_there_is_nothing_to_differ_from():
    scores = {"calm": {name: SCORES["calm"][name] for name in ("good", "bad")}}
    found = rank(scores, "default", PLAIN)
    assert found.tests == 0
    assert all(result.difference is None for one in found.standings for result in one.results.values())
