"""The product's engine as a queue of theory: c servers, a step of constant length, as many steps a request as it has tokens."""

from dataclasses import dataclass
from math import factorial, inf

import numpy as np

from cloudsim.clock import Clock
from cloudsim.latency.affine import AffineLatency
from cloudsim.models.elastic import ElasticProfile, Level
from cloudsim.serving.engine import Engine
from cloudsim.serving.request import Request
from traces.provenance import Provenance, Source

MEAN_TOKENS = 1000
STEP_S = 1 / MEAN_TOKENS
"""So the mean service takes a second, and geometric numbers of steps are exponential times to a thousandth."""


@dataclass(frozen=True)
class Customers:
    """Poisson arrivals; service times are whole steps."""

    arrival_s: np.ndarray
    tokens: np.ndarray


def customers(seed, count, rate_rps, service):
    """Args: service: "M" for geometric numbers of tokens, "D" for equal ones."""
    rng = np.random.default_rng(seed)
    tokens = rng.geometric(1 / MEAN_TOKENS, count) if service == "M" else np.full(count, MEAN_TOKENS)
    return Customers(np.cumsum(rng.exponential(1 / rate_rps, count)), tokens)


def engine_waits_s(queue, servers):
    """Seconds from arrival to the step that takes a request in, for each of them."""
    zero = dict.fromkeys(
        ("host_sequence_s", "head_s", "layer_s", "sequence_layer_s", "kv_unit_s", "prefill_floor_layer_s", "prefill_layer_s",
         "prefill_token_layer_s", "prefill_pair_unit_s"), 0.0,
    )  # fmt: skip
    latency = AffineLatency(host_step_s=STEP_S, **zero, source=Source("test", Provenance.ASSUMED, "test"))
    profile = ElasticProfile("test", 1, (Level(0, 1.0, 1, 1, 1.0, 1.0, 1.0, 1.0),), False, 0.0, ())
    clock = Clock()
    engine = Engine(clock, latency, profile, 10**12, 16, servers + 1, servers, lambda request: None)
    requests = []
    for index, (arrival_s, tokens) in enumerate(zip(queue.arrival_s.tolist(), queue.tokens.tolist(), strict=True)):
        request = Request(index, arrival_s, 1, tokens, 0, 0, 0.5)
        request.level = request.token_level = profile.levels[0]
        requests.append(request)
    clock.run_with(iter(requests), engine.submit, inf)
    return np.array([request.first_token_s - STEP_S for request in requests]) - queue.arrival_s


def ciw_waits_s(queue, servers):
    """The same customers in Ciw."""
    import ciw

    count = len(queue.tokens)
    # A distribution that runs out begins anew, so one more customer comes, far away.
    gaps = [*np.diff(queue.arrival_s, prepend=0.0).tolist(), inf]
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential(gaps)],
        service_distributions=[ciw.dists.Sequential((queue.tokens * STEP_S).tolist())],
        number_of_servers=[servers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(count)
    records = sorted(simulation.get_all_records(), key=lambda record: record.arrival_date)
    return np.array([record.waiting_time for record in records])


def erlang_c(servers, load):
    """Probability that a customer waits in M/M/c (Kleinrock, Queueing Systems I, 1975, p. 103). Args: load: λ/μ."""
    last = load**servers / factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / factorial(k) for k in range(servers)) + last)


def mean_wait_s(servers, rate_rps, service):
    """Mean wait in theory: Pollaczek and Khinchine for one server, Erlang C for several."""
    if servers == 1:
        chance = 1 / MEAN_TOKENS
        square = (2 - chance) / chance**2 * STEP_S**2 if service == "M" else 1.0
        return rate_rps * square / (2 * (1 - rate_rps))
    return erlang_c(servers, rate_rps) / (servers - rate_rps)
