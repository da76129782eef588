"""`spot_preemption_live` on the models that come with the program: in time, and in agreement with their measured profiles."""

from math import sqrt

import pytest

from tests.l2a.optional import needs
from tests.nightly.commands import told

needs("torch", "model")
pytestmark = pytest.mark.nightly

PROBLEMS = 2000
"""Of the run, and of the profiles."""


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    return told("run", "+experiment=spot_preemption_live", f"output_dir={tmp_path_factory.mktemp('live') / 'run'}")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded") / "run"
    return told("run", "+experiment=spot_preemption_live", "model.backend=recorded", f"output_dir={folder}")[0]


def test_two_thousand_requests_take_less_than_three_minutes(live):
    document, seconds = live
    requests = document["contenders"]["l2a"]["arrived"]["mean"]
    assert requests == pytest.approx(PROBLEMS, rel=0.1)
    assert seconds < 180


@pytest.mark.parametrize("contender", ["l2a", "static_dense", "static_small", "on_demand"])
@pytest.mark.parametrize("metric", ["quality", "sla_attainment"])
def test_live_and_profiled_runs_agree_within_their_intervals(live, recorded, contender, metric):
    """Market and arrivals are the same; the problems of the live run, those drawn for the other and those of the profile are chance."""
    one, other = (document["contenders"][contender][metric]["mean"] for document in (live[0], recorded))
    share = (one + other) / 2
    assert abs(one - other) <= 1.96 * sqrt(share * (1 - share) * 3 / PROBLEMS)
