"""What a level would take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.contracts import DenseLatency
from cloudsim.estimators.level_latency import lateness, time_share
from tests.policies.views import PROFILE, TIERS

STANDARD = TIERS[1]  # 2 s, 0.05 s, 30 s


def test_a_level_takes_its_share_of_the_layers_and_what_skipping_does_not_save():
    full, *_, lean = PROFILE.levels
    assert time_share(full, 0.3) == 1.0
    assert time_share(lean, 0.0) == lean.depth
    assert time_share(lean, 0.5) == pytest.approx(0.5 + 0.5 * lean.depth)
    assert time_share(lean, 1.0) == 1.0


def test_the_latest_of_the_three_counts():
    def late(first_s=0.0, token_s=0.0, share=1.0, waited_s=0.0, started=False):
        return lateness(share, DenseLatency(first_s, token_s), 100.0, STANDARD, waited_s, started)

    assert late(first_s=1.0) == 0.5
    assert late(first_s=1.0, share=0.5) == 0.25
    assert late(first_s=1.0, waited_s=2.0) == 1.5
    assert late(first_s=1.0, waited_s=2.0, started=True) == pytest.approx(3.0 / 30)
    assert late(token_s=0.06) == pytest.approx(1.2)
    assert late(token_s=0.04, waited_s=56.0, started=True) == pytest.approx(2.0)


@given(share=st.floats(0.1, 1), first_s=st.floats(0, 20), token_s=st.floats(0, 1), waited_s=st.floats(0, 50), started=st.booleans())
def test_leaner_is_never_later(share, first_s, token_s, waited_s, started):
    dense = DenseLatency(first_s, token_s)
    lean, full = (lateness(one, dense, 300.0, STANDARD, waited_s, started) for one in (share, 1.0))
    assert lean <= full + 1e-12
