"""What each notice policy promises: the mildest of its actions that ends within the notice."""

from itertools import permutations, product
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.contracts import Action, MoveTo, NoticedRequest, NoticeView
from policies.notice.assign import Assign
from policies.notice.finish import Finish
from policies.notice.migrate import Migrate
from policies.notice.recompute import Recompute
from policies.notice.squeeze import Squeeze
from tests.policies.views import Replica, Request

NOTICE_S = 30.0
# seconds to finish, to finish with the leanest reasoning, to move; then what each policy does
CASES = [
    ((10, 5, 1), Action.FINISH, Action.FINISH, Action.MIGRATE, Action.FINISH),
    ((30, 30, 30), Action.FINISH, Action.FINISH, Action.MIGRATE, Action.FINISH),
    ((31, 20, 40), Action.FINISH, Action.SQUEEZE, Action.RECOMPUTE, Action.RECOMPUTE),
    ((99, 31, 20), Action.FINISH, Action.MIGRATE, Action.MIGRATE, Action.RECOMPUTE),
    ((99, 31, 31), Action.FINISH, Action.RECOMPUTE, Action.RECOMPUTE, Action.RECOMPUTE),
    ((10, 9, inf), Action.FINISH, Action.FINISH, Action.FINISH, Action.FINISH),
    ((99, 99, inf), Action.FINISH, Action.RECOMPUTE, Action.RECOMPUTE, Action.RECOMPUTE),
]


def notice(*running, left_s=NOTICE_S, network_s=0.0, outstanding=(0, 0)):
    """Requests are (remaining_s, squeezed_s, transfer_s[, recompute_s])."""
    noticed = [NoticedRequest(Request(index), *map(float, (*one, 1.0)[:4])) for index, one in enumerate(running)]
    return NoticeView(100.0, left_s, network_s, tuple(noticed), tuple(Replica(at, outstanding=has) for at, has in enumerate(outstanding)))


@pytest.mark.parametrize(("seconds", "finish", "squeeze", "migrate", "recompute"), CASES)
def test_each_policy_takes_its_action(seconds, finish, squeeze, migrate, recompute):
    chosen = [policy.act(notice(seconds)) for policy in (Finish(), Squeeze(), Migrate(), Recompute())]
    assert chosen == [[finish], [squeeze], [migrate], [recompute]]


@pytest.mark.parametrize("policy", [Migrate(), Squeeze()], ids=["migrate", "squeeze"])
def test_kv_goes_out_one_after_another(policy):
    late = (99, 99, 12)
    assert policy.act(notice(late, late, late)) == [Action.MIGRATE, Action.MIGRATE, Action.RECOMPUTE]
    assert policy.act(notice(late, late, late, network_s=10.0)) == [Action.MIGRATE, Action.RECOMPUTE, Action.RECOMPUTE]


def test_a_matching_leaves_alone_who_finishes_and_moves_the_quick_ones_first():
    slow, quick = (99, 99, 20, 50), (99, 99, 5, 50)
    actions = Assign(1.0).act(notice(slow, (10, 10, 1), quick, outstanding=(7, 2)))
    assert actions[1] is Action.FINISH
    assert (actions[2].replica.index, actions[2].turn) == (1, 0)
    assert (actions[0].replica.index, actions[0].turn) == (0, 1)


def test_a_matching_recomputes_what_is_computed_sooner_than_moved_and_squeezes_what_is_cheap():
    assert Assign(1.0).act(notice((99, 99, 5, 0.5))) == [Action.RECOMPUTE]
    assert Assign(1.0).act(notice((99, 20, 5, 50))) == [Action.SQUEEZE]
    assert isinstance(Assign(10.0).act(notice((99, 20, 5, 50)))[0], MoveTo)
    assert Assign(1.0).act(notice((99, 99, 5, 50), outstanding=())) == [Action.RECOMPUTE]
    assert Assign(1.0).act(notice((99, 99, 5, 50), network_s=40.0)) == [Action.RECOMPUTE]
    with pytest.raises(ValueError, match="squeeze_cost_s"):
        Assign(-1.0)


REQUESTS = st.lists(
    st.tuples(st.just(99.0), st.sampled_from([20.0, 99.0]), st.integers(1, 9).map(float), st.integers(1, 40).map(float)), max_size=4
)


@given(REQUESTS)
def test_a_matching_costs_no_more_than_any_other(running):
    """Among all actions and orders of moving, with time for all of them."""
    seen = notice(*running, left_s=50.0)

    def cost(actions, order):
        sent, total = 0.0, 0.0
        for at in order:
            sent += running[at][2]
            total += sent
        return total + sum(1.0 if action == "s" else running[at][3] for at, action in enumerate(actions) if action != "m")

    best = 0.0 if not running else min(
        cost(actions, order)
        for actions in product(*("smr" if one[1] <= 50.0 else "mr" for one in running))
        for order in permutations([at for at, action in enumerate(actions) if action == "m"])
    )  # fmt: skip
    found = Assign(1.0).act(seen)
    moves = sorted((at for at, action in enumerate(found) if isinstance(action, MoveTo)), key=lambda at: found[at].turn)
    letters = ["m" if isinstance(action, MoveTo) else "s" if action is Action.SQUEEZE else "r" for action in found]
    assert cost(letters, moves) == pytest.approx(best)
