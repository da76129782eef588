"""A policy on requests adds at most 3 µs to each on six replicas; run on an idle machine (`make nightly`)."""

import pytest

from cloudsim.components import create
from cloudsim.config import Component
from cloudsim.testing import microseconds
from tests.policies.test_conformance import ENTRIES, POOLS

pytestmark = pytest.mark.nightly

MOST_US = 3.0
# What these cost stands in their documentation: an estimate for each replica, or linear algebra.
DEARER_US = {
    "routing/locality_and_price": 6.0, "routing/shortest_expected_completion": 15.0, "budget/linucb": 10.0, "budget/thompson": 10.0,
    "budget/clairvoyant": 40.0, "budget/budget_grouped": 4.0, "routing/amro_s": 4.0,
}  # fmt: skip
ON_REQUESTS = [name for name in ENTRIES if name.partition("/")[0] in ("admission", "routing", "budget", "effort", "scheduling")]


@pytest.mark.parametrize("name", ON_REQUESTS)
def test_a_decision_takes_no_longer_than_it_may(name):
    component = Component.model_validate(dict(ENTRIES[name].component))
    kind = name.partition("/")[0]
    spent_us = min(microseconds(kind, lambda: create(component, name), POOLS.get(name, 1)) for _ in range(3))
    assert spent_us <= DEARER_US.get(name, MOST_US)
