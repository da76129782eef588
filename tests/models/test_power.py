import pytest

from cloudsim.models.gpu import known_gpus
from cloudsim.models.power import find_power
from traces.provenance import Provenance


@pytest.mark.parametrize(("sequences", "watts"), [(1, 304), (4, 330), (16, 435), (32, 507), (64, 557)])
def test_the_curve_of_h100_passes_through_the_published_points(sequences, watts):
    assert find_power("h100").decoding_w(sequences) == pytest.approx(watts, abs=2)


@pytest.mark.parametrize("name", known_gpus())
def test_every_curve_rises_from_idle_to_nominal(name):
    curve = find_power(name)
    drawn = [curve.decoding_w(sequences) for sequences in (0, 1, 2, 8, 64, 4096)]
    assert drawn[0] == curve.idle_w
    assert drawn == sorted(drawn)
    assert drawn[-1] == pytest.approx(curve.nominal_w, rel=0.03)


def test_what_nobody_measured_is_projected():
    assert find_power("h100").source.provenance is Provenance.PUBLISHED
    assert find_power("l4").source.provenance is Provenance.PROJECTED
