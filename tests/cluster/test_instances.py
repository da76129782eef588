"""The catalogue of instances: dated prices with their source."""

import pytest

from cloudsim.cluster import instances
from cloudsim.cluster.instances import find_instance, known_instances
from cloudsim.errors import ConfigError


@pytest.mark.parametrize("name", known_instances())
def test_every_instance_has_a_price_with_source_and_date(name):
    found = find_instance(name)
    assert found.on_demand_usd_per_h > 0
    assert found.dated in found.source.origin
    assert name.startswith(found.provider)
    if found.spot_usd_per_h is not None:
        low, high = found.spot_usd_per_h
        assert 0 < low < high < found.on_demand_usd_per_h


@pytest.mark.parametrize("key", ["source", "dated"])
def test_a_price_without_source_or_date_is_refused(monkeypatch, key):
    entry = instances.entry

    def without(*where):
        return {name: value for name, value in entry(*where).items() if name != key}

    monkeypatch.setattr(instances, "entry", without)
    with pytest.raises(ConfigError, match=rf"instance aws_g6e_l40s: .* lacks {key}"):
        find_instance("aws_g6e_l40s")
