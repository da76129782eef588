"""What becomes of GPUs over time."""

import numpy as np
import pytest

from tests.cluster.scenario import preset
from traces.errors import TraceError
from traces.generators.co_tenant import CoTenant
from traces.generators.failing_gpus import FailingGpus
from traces.generators.sound_hardware import SoundHardware
from traces.hardware import HardwareSeries

LONG_S = 3e6


def options(name, **changes):
    return {key: value for key, value in preset("hardware", name).items() if key != "_target_"} | changes


def test_nothing_happens_to_sound_hardware():
    assert SoundHardware().hardware(100.0, 4, np.random.default_rng(0)) is None
    assert SoundHardware().source is None


def test_a_co_tenant_comes_as_often_and_takes_as_much_as_stated():
    made = CoTenant(**options("co_tenant")).hardware(LONG_S, 2, np.random.default_rng(1)).check()
    taken = made.taken_share[:, 0]
    assert (made.taken_share[:, 1] == taken).all()
    assert (taken[::2] == 0).all()
    assert ((taken[1::2] >= 0.3) & (taken[1::2] <= 0.9)).all()
    assert taken[1::2].mean() == pytest.approx(0.6, abs=0.02)
    lengths = np.diff(made.time_s)
    assert lengths[::2].mean() == pytest.approx(900, rel=0.08)
    assert lengths[1::2].mean() == pytest.approx(300, rel=0.08)


def test_gpus_fail_one_by_one():
    made = FailingGpus(**options("failing_gpus")).hardware(LONG_S, 4, np.random.default_rng(2)).check()
    assert set(np.unique(made.taken_share)) == {0.0, 1.0}
    length = np.diff(np.append(made.time_s, LONG_S))
    gone = (made.taken_share * length[:, None]).sum(0) / LONG_S
    assert gone.mean() == pytest.approx(900 / (900 + 14400), rel=0.15)
    assert (np.diff(made.taken_share, axis=0) != 0).any(1).all()
    assert made.row_at(0.0) == 0
    assert made.row_at(float(made.time_s[3])) == 3
    assert made.row_at(float(made.time_s[3]) - 0.1) == 2


@pytest.mark.parametrize("kind", [CoTenant, FailingGpus])
def test_a_longer_series_begins_with_a_shorter_one(kind):
    source = kind(**options("co_tenant" if kind is CoTenant else "failing_gpus"))
    short, long = (source.hardware(length, 2, np.random.default_rng(3)) for length in (2e4, 4e4))
    before = long.time_s < 2e4
    assert short.time_s[short.time_s < 2e4].tolist() == long.time_s[before].tolist()


@pytest.mark.parametrize(
    ("times", "taken", "told"),
    [([0.0, 5.0], [[0.0]], "a row"), ([1.0], [[0.0]], "start at 0"), ([0.0], [[1.5]], "lie in"), ([0.0], [0.0], "a row")],
)
def test_broken_series_are_refused(times, taken, told):
    with pytest.raises(TraceError, match=told):
        HardwareSeries(np.array(times), np.array(taken)).check()


def test_bad_options_are_named():
    with pytest.raises(TraceError, match="least_taken_share"):
        CoTenant(**options("co_tenant", most_taken_share=0.1))
    with pytest.raises(TraceError, match="mean_up_s"):
        FailingGpus(**options("failing_gpus", mean_up_s=0))
