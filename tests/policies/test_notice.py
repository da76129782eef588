"""What each notice policy promises: the mildest of its actions that ends within the notice."""

from math import inf

import pytest

from cloudsim.contracts import Action, NoticedRequest
from policies.notice.finish import Finish
from policies.notice.migrate import Migrate
from policies.notice.recompute import Recompute
from policies.notice.squeeze import Squeeze

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


@pytest.mark.parametrize(("seconds", "finish", "squeeze", "migrate", "recompute"), CASES)
def test_each_policy_takes_its_action(seconds, finish, squeeze, migrate, recompute):
    request = NoticedRequest(*map(float, seconds))
    chosen = [policy.act(request, NOTICE_S) for policy in (Finish(), Squeeze(), Migrate(), Recompute())]
    assert chosen == [finish, squeeze, migrate, recompute]
