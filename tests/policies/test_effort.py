"""What each effort policy promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.models.success_curves import saturating
from policies.effort.by_difficulty import ByDifficulty
from policies.effort.deadline_cap import DeadlineCap
from policies.effort.full import Full
from policies.effort.mean_fraction import MeanFraction
from policies.effort.saturation import Saturation
from policies.effort.system_switch import SystemSwitch
from policies.effort.value_tree import ValueTree
from tests.policies.views import Fleet, Replica, Request

SATURATION = {"saturation": 4.0, "gain": 0.2, "floor": 0.1}
CAP = {"headroom": 1.0, "reasoning": 0.5, "floor": 0.1}
SWITCH = {"parts": 4, "spread": 0.3, "threshold": 0.5, "system_1": 0.2}


def effort(policy, now_s=0.0, mean=200.0, replica=None, **request):
    return policy.effort(Request(**request), replica or Replica(), Fleet(now_s=now_s, output_tokens_mean=mean))


def test_full_is_one_and_fractions_go_by_tier():
    assert effort(Full(), difficulty_seen=0.0, tier=2) == 1.0
    assert [effort(MeanFraction([1.0, 0.5]), tier=tier) for tier in (0, 1, 2)] == [1.0, 0.5, 0.5]


def test_each_bin_of_difficulty_has_its_share():
    policy = ByDifficulty([0.2, 0.9, 0.4])
    assert [effort(policy, difficulty_seen=seen) for seen in (0.0, 0.33, 0.34, 0.66, 0.67, 1.0)] == [0.2, 0.2, 0.9, 0.9, 0.4, 0.4]


@given(st.floats(0, 0.9), st.floats(0.5, 8), st.floats(0.02, 0.5))
def test_reasoning_ends_where_the_curve_gains_less_than_asked(difficulty, saturation, gain):
    policy = Saturation(saturation, gain, 0.001)
    share = effort(policy, difficulty_seen=difficulty)

    def slope(at):
        import numpy as np

        near = saturating(np.array([at - 1e-5, at + 1e-5]), saturation)
        return (1 - difficulty) * (near[1] - near[0]) / 2e-5

    if 0.001 < share < 1:
        assert slope(share) == pytest.approx(gain, rel=1e-3)
    elif share == 1:
        assert slope(1) >= gain * (1 - 1e-3)
    else:
        assert slope(0.001) <= gain * (1 + 1e-2)


def test_less_to_gain_means_less_reasoning_and_never_below_the_floor():
    shares = [effort(Saturation(**SATURATION), difficulty_seen=seen) for seen in (0.0, 0.3, 0.6, 0.9, 1.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[2] > shares[-1] == 0.1


@pytest.mark.parametrize(("seen", "hard"), [(0.1, 0), (0.2, 1), (0.4, 2), (0.61, 3), (0.8, 4), (1.0, 4)])
def test_hard_parts_get_all_their_reasoning_and_the_others_little(seen, hard):
    # Four parts at -0.3, -0.1, 0.1 and 0.3 around the question's difficulty.
    assert effort(SystemSwitch(**SWITCH), difficulty_seen=seen) == pytest.approx((hard + (4 - hard) * 0.2) / 4)


def test_one_part_is_the_question_itself():
    policy = SystemSwitch(**SWITCH | {"parts": 1})
    assert [effort(policy, difficulty_seen=seen) for seen in (0.49, 0.5)] == [0.2, 1.0]


def test_with_all_its_time_a_request_reasons_by_its_value_and_at_the_end_only_the_most_valuable_does():
    policy = ValueTree(0.2)
    assert effort(policy, difficulty_seen=0.5) == pytest.approx(0.6)
    assert effort(policy, now_s=15.0, difficulty_seen=0.5) == pytest.approx(0.2 + 0.8 * 0.25)  # half of 30 s is left
    assert effort(policy, now_s=29.9, difficulty_seen=0.5) == pytest.approx(0.2, abs=1e-6)
    assert effort(policy, now_s=29.9, difficulty_seen=1.0) == 1.0
    assert effort(policy, now_s=31.0, difficulty_seen=1.0) == 0.2


@given(st.floats(0, 1), st.floats(0, 60), st.floats(0, 60), st.integers(0, 2))
def test_a_value_tree_only_tightens(difficulty, at_s, later_s, tier):
    at_s, later_s = sorted((at_s, later_s))
    policy, request = ValueTree(0.2), Request(difficulty_seen=difficulty, tier=tier)
    first, later = policy.effort(request, Replica(), Fleet(now_s=at_s)), policy.tighten(request, Replica(), Fleet(now_s=later_s))
    assert 0.2 <= later <= first <= 1.0


def test_a_deadline_lets_as_much_be_reasoned_as_there_is_time_for():
    # 200 tokens an answer, half of them reasoning; 30 s, of which 0.1 s go to the first token.
    def share(token_s, now_s=0.0):
        return effort(DeadlineCap(**CAP), now_s, replica=Replica(token_s=token_s))

    assert share(0.1) == 1.0
    assert share(29.9 / 150) == pytest.approx(0.5)  # 150 tokens fit: all 100 of the answer and half of the reasoning
    assert share(29.9 / 90) == 0.1
    assert share(0.1, now_s=14.95) == pytest.approx(0.495, abs=1e-3)


def test_a_deadline_counts_what_is_written_and_corrects_the_mean_for_what_it_cut():
    policy, slow = DeadlineCap(**CAP), Replica(token_s=29.9 / 50)
    assert effort(policy, replica=slow, generated_tokens=100) == pytest.approx(0.5)  # 100 there and 50 to come
    policy = DeadlineCap(**CAP)
    for _ in range(2000):
        effort(policy, replica=Replica(token_s=29.9 / 150), mean=200.0 * policy._whole(Fleet(output_tokens_mean=1.0)) ** -1)
    # Answers are 150 tokens by now, which stand for 200.
    assert effort(policy, replica=Replica(token_s=29.9 / 150), mean=150.0) == pytest.approx(0.5, abs=0.01)


def test_a_deadline_ends_reasoning_when_only_the_answer_fits():
    policy, replica = DeadlineCap(**CAP), Replica(token_s=0.1)

    def tightened(now_s):
        return policy.tighten(Request(generated_tokens=60), replica, Fleet(now_s=now_s))

    assert [tightened(now_s) for now_s in (0.0, 19.9, 20.1, 40.0)] == [1.0, 1.0, 0.1, 0.1]  # 100 tokens take 10 s


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: MeanFraction([]), "fractions"),
        (lambda: MeanFraction([0.0]), "fractions"),
        (lambda: ByDifficulty([1.2]), "shares"),
        (lambda: Saturation(**SATURATION | {"gain": 0}), "gain"),
        (lambda: Saturation(**SATURATION | {"floor": 0}), "floor"),
        (lambda: SystemSwitch(**SWITCH | {"parts": 0}), "parts"),
        (lambda: SystemSwitch(**SWITCH | {"system_1": 0}), "system_1"),
        (lambda: ValueTree(0.0), "floor"),
        (lambda: DeadlineCap(**CAP | {"headroom": 0}), "headroom"),
        (lambda: DeadlineCap(**CAP | {"reasoning": 1.0}), "reasoning"),
    ],
)
def test_impossible_settings_are_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()
