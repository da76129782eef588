"""Waiting times of the engine against theory and against Ciw, an independent simulator of queues."""

import os
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from tests.validation.queue import STEP_S, ciw_waits_s, customers, engine_waits_s, mean_wait_s

NIGHTLY = bool(os.environ.get("CLOUDSIM_NIGHTLY"))
REPLICATIONS, COUNT, WARM_UP = (40, 60_000, 5_000) if NIGHTLY else (12, 12_000, 1_000)
CONFIDENCE = 0.99
# name: service, servers, arrivals a second (a server serves one a second)
QUEUES = {"M/M/1": ("M", 1, 0.6), "M/D/1": ("D", 1, 0.7), "M/M/3": ("M", 3, 2.1), "M/M/8": ("M", 8, 6.0)}


def interval(samples):
    """Mean and half width of the confidence interval of independent replications."""
    half = stats.sem(samples) * stats.t.ppf((1 + CONFIDENCE) / 2, len(samples) - 1)
    return np.mean(samples), half


@pytest.fixture(scope="module")
def waits():
    """Mean wait of each replication of each queue."""
    means = {}
    for name, (service, servers, rate_rps) in QUEUES.items():
        means[name] = [
            engine_waits_s(customers([seed, servers], COUNT, rate_rps, service), servers)[WARM_UP:].mean() for seed in range(REPLICATIONS)
        ]
    return means


@pytest.mark.parametrize("name", QUEUES)
def test_mean_wait_is_that_of_theory(waits, name):
    service, servers, rate_rps = QUEUES[name]
    theory = mean_wait_s(servers, rate_rps, service)
    mean, half = interval(waits[name])
    assert abs(mean - theory) <= half, (mean, half, theory)
    assert half < 0.15 * theory  # the interval is narrow enough to tell a wrong engine


@pytest.mark.parametrize("name", QUEUES)
def test_mean_wait_is_that_of_ciw_with_its_own_numbers(waits, name):
    service, servers, rate_rps = QUEUES[name]
    others = [ciw_waits_s(customers([1000 + seed, servers], 6_000, rate_rps, service), servers)[1_000:].mean() for seed in range(6)]
    test = stats.ttest_ind(waits[name], others, equal_var=False)
    low, high = test.confidence_interval(CONFIDENCE)
    assert low <= 0 <= high


@pytest.mark.parametrize("name", QUEUES)
def test_every_customer_waits_as_long_as_in_ciw(name):
    """On the same customers each wait is the same; with several servers, to the few steps by which requests begin at a boundary."""
    service, servers, rate_rps = QUEUES[name]
    queue = customers([7, servers], 4_000, rate_rps, service)
    ours, theirs = engine_waits_s(queue, servers), ciw_waits_s(queue, servers)
    assert (ours > 0).any()
    difference = np.abs(ours - theirs)
    if servers == 1:
        assert difference.max() < 1e-6
    else:
        assert difference.max() < 0.05
        assert difference.mean() < 5 * STEP_S


@pytest.mark.parametrize("service", ["M", "D"])
def test_more_servers_never_make_anybody_wait_longer(service):
    """Each request's wait, not only the mean, falls or stays (to a few steps) when a server is added."""
    queue = customers([3, 3], 5_000, 2.4, service)
    waits = [engine_waits_s(queue, servers) for servers in (3, 4, 5, 8, 64)]
    for fewer, more in pairwise(waits):
        assert (more <= fewer + 50 * STEP_S).all()
        assert more.mean() <= fewer.mean()
    assert waits[-1].max() <= STEP_S * (1 + 1e-6)
