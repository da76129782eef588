"""What each admission policy promises."""

import pytest

from policies.admission.always import Always
from policies.admission.deadline import Deadline
from tests.policies.views import Fleet, Replica, Request


def admitted(slack=1.0, tier=1, **replica):
    return Deadline(slack).admit(Request(tier=tier), Fleet({"large": [Replica(**replica)]}))


def test_always_admits():
    assert Always().admit(Request(), Fleet({"large": [Replica(first_s=1e9)]})) is True


def test_deadline_rejects_what_comes_too_late_for_the_first_token_or_the_end():
    assert admitted()
    assert admitted(first_s=2.0)
    assert not admitted(first_s=2.01)
    assert admitted(token_s=0.149)
    assert not admitted(token_s=0.15)  # 0.1 s + 200 tokens × 0.15 s is over 30 s


def test_deadline_knows_the_tier_and_the_slack():
    assert [admitted(tier=tier, first_s=3.0) for tier in (0, 1, 2)] == [False, False, True]
    assert admitted(slack=2.0, first_s=3.0)
    assert not admitted(slack=0.5, first_s=1.5)


def test_deadline_asks_the_replica_with_the_shortest_queue():
    late, soon = Replica(queued_tokens=9000, first_s=50.0), Replica(index=1, queued_tokens=10, first_s=0.1)
    assert Deadline(1.0).admit(Request(), Fleet({"large": [late, soon]}))
    assert not Deadline(1.0).admit(Request(), Fleet({"large": [late]}))


def test_deadline_lets_requests_wait_where_no_replica_is_ready():
    assert Deadline(1.0).admit(Request(), Fleet({"large": []}))


@pytest.mark.parametrize("slack", [0, -1])
def test_deadline_refuses_no_slack(slack):
    with pytest.raises(ValueError, match="slack"):
        Deadline(slack)
