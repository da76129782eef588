"""The load of `python -m cloudsim bench`: figures that noise cannot change."""

import numpy as np
import pytest

from cloudsim.bench import bench_config, every_effect
from cloudsim.simulation import simulate

REQUESTS = 12_000


def test_every_effect_is_on_and_costs_no_events():
    plain = bench_config(4, REQUESTS)
    without, effects = (simulate(config, "bench", 0) for config in (plain, every_effect(plain)))
    assert len(without.requests["request"]) == len(effects.requests["request"]) == pytest.approx(REQUESTS, rel=0.05)
    each = [tables.events / len(tables.requests["request"]) for tables in (without, effects)]
    assert each[0] == pytest.approx(2.64, abs=0.06)
    assert each[1] == pytest.approx(each[0], rel=0.02)
    assert without.requests["migrations"].sum() == 0 < effects.requests["migrations"].sum()
    assert effects.nodes["energy_j"].sum() > 1.15 * without.nodes["energy_j"].sum()
    assert effects.nodes["transfer_usd"].sum() > 0
    # Graphs of the next size take longer.
    assert np.nanmean(effects.requests["done_s"]) > np.nanmean(without.requests["done_s"])
