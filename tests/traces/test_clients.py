"""Traffic composed of clients, generated and replayed."""

import json

import numpy as np
import pytest

from traces.blocks import joined
from traces.errors import TraceError
from traces.generators.clients import Clients
from traces.generators.gaps import GammaGaps, PoissonGaps, stationary_times
from traces.provenance import Provenance
from traces.replay.clients import ReplayedClients

STATED = {"name": "made", "provenance": "assumed", "origin": "a test"}
GROUP = {
    "count": 200, "rate_rps": 20.0, "skew": 1.2, "gaps": {"kind": "gamma", "cv": 4.0},
    "input": {"kind": "lognormal", "log_mean": 6.0, "log_sigma": 0.5, "most_tokens": 50_000},
    "output": {"kind": "exponential", "mean_tokens": 100.0, "most_tokens": 5000},
}  # fmt: skip


def made(span_s=3600.0, seed=0, **groups):
    return joined(Clients(**STATED, groups=groups).requests(span_s, np.random.default_rng(seed)))


def test_the_rate_is_that_of_the_groups_together_from_the_first_second_on():
    tables = [made(seed=seed, many=GROUP, few=GROUP | {"count": 1, "rate_rps": 5.0, "gaps": {"kind": "poisson"}}) for seed in range(6)]
    assert np.mean([len(table) for table in tables]) / 3600 == pytest.approx(25.0, rel=0.06)
    first = np.mean([(table.arrival_s < 30).sum() for table in tables])
    assert first == pytest.approx(750, rel=0.25)  # 200 clients that all began at 0 would bring some hundreds more
    assert all((np.diff(table.arrival_s) >= 0).all() for table in tables)


def test_bursty_arrivals_begin_nowhere():
    counts = [len(stationary_times(GammaGaps(kind="gamma", cv=6.0), 1.0, np.random.default_rng(seed))) for seed in range(3000)]
    assert np.mean(counts) == pytest.approx(1.0, abs=0.35)  # one that begins at 0 has four arrivals by then
    begun = [len(GammaGaps(kind="gamma", cv=6.0).times(1.0, np.random.default_rng(seed))) for seed in range(500)]
    assert np.mean(begun) > 3
    assert len(stationary_times(PoissonGaps(kind="poisson"), 1000.0, np.random.default_rng(0))) == pytest.approx(1000, abs=100)


def test_a_few_clients_make_the_traffic_bursty():
    even = made(seed=1, many=GROUP | {"skew": 0.0})
    skewed = made(seed=1, many=GROUP | {"skew": 2.0})
    cv = [np.diff(table.arrival_s).std() / np.diff(table.arrival_s).mean() for table in (even, skewed)]
    assert 1 < cv[0] < 0.8 * cv[1]  # a sum of many is nearer to Poisson
    assert cv[1] < 4


def test_clients_differ_in_their_lengths_and_name_their_tier():
    table = made(one=GROUP | {"length_spread": 1.0, "tier": "free"}, other=GROUP | {"tier": "premium"})
    tier = np.array(table.more["tier"])
    spread = [np.log(table.input_tokens[tier == name]).std() for name in ("free", "premium")]
    assert spread[1] == pytest.approx(0.5, abs=0.03)
    assert spread[0] > 0.7
    mixed = made(one=GROUP | {"tier": "free"}, other=GROUP)
    assert mixed.more["tier"].null_count == pytest.approx(len(mixed) / 2, rel=0.3)


def test_the_same_seed_gives_the_same_requests():
    one, again, other = (made(seed=seed, many=GROUP) for seed in (3, 3, 4))
    assert one.arrival_s.tobytes() == again.arrival_s.tobytes()
    assert one.arrival_s.tobytes() != other.arrival_s.tobytes()


@pytest.fixture
def folder(tmp_path):
    """Three clients over an hour in windows of ten minutes: steady, bursty with a silent window, and small."""

    def write(client, rows, windows):
        lines = [f"{600 * at},{rate},{cv},{kind},0.8,9.5" if rate else f"{600 * at},0,,,," for at, (rate, cv, kind) in enumerate(rows)]
        (tmp_path / f"chunk-{client}-trace.csv").write_text("\n".join(lines) + "\n")
        texts = {str(start): {"input_tokens": str(inputs), "output_tokens": str(outputs)} for start, (inputs, outputs) in windows.items()}
        (tmp_path / f"chunk-{client}-dataset.json").write_text(json.dumps(texts))

    write(0, [(4.0, 1.0, "Gamma")] * 6, {0: ({10: 0.25, 20: 0.75}, {5: 1.0}), 1800: ({30: 1.0}, {6: 1.0})})
    write(1, [(2.0, 3.0, "Weibull")] * 3 + [(0, 0, "")] + [(8.0, 0.5, "Gamma")] * 2, {1200: ({100: 1.0}, {50: 1.0})})
    write(2, [(0.1, 1.5, "Gamma")] * 6, {0: ({0: 1.0}, {1: 1.0})})
    return tmp_path


def replayed(folder, span_s=3600.0, seed=0, **options):
    return joined(ReplayedClients(path=str(folder), **options).requests(span_s, np.random.default_rng(seed)))


def test_a_trace_of_clients_is_replayed_window_by_window(folder):
    table = replayed(folder)
    own = {0: np.isin(table.input_tokens, (10, 20, 30)), 1: table.input_tokens == 100, 2: table.input_tokens == 1}
    assert sum(mask.sum() for mask in own.values()) == len(table)
    counts = {client: np.bincount((table.arrival_s[mask] // 600).astype(int), minlength=6) for client, mask in own.items()}
    assert counts[0].tolist() == pytest.approx([2400] * 6, rel=0.1)
    assert counts[1][3] == 0
    assert counts[1][:3].mean() == pytest.approx(1200, rel=0.25)
    assert counts[1][4:].tolist() == pytest.approx([4800] * 2, rel=0.1)
    early = table.arrival_s < 1800
    assert (table.input_tokens[own[0] & early] == 20).mean() == pytest.approx(0.75, abs=0.03)
    assert set(table.input_tokens[own[0] & ~early]) == {30}
    assert set(table.output_tokens[own[0] & ~early]) == {6}
    assert set(table.output_tokens[own[1] & early]) == {50}  # what it is told first holds before
    [source] = table.sources
    assert source.provenance is Provenance.PUBLISHED
    assert "3 clients" in source.origin


def test_a_window_of_the_trace_and_the_largest_clients_alone(folder):
    part = replayed(folder, 600.0, start_s=2400.0, most_clients=1)
    assert len(part) == pytest.approx(4800, rel=0.1)  # client 1 is the largest there
    assert set(part.input_tokens) == {100}
    whole, two = replayed(folder), replayed(folder, most_clients=2)
    kept = whole.input_tokens != 1
    assert whole.arrival_s[kept].tobytes() == two.arrival_s.tobytes()


@pytest.mark.parametrize(
    ("options", "span_s", "problem"),
    [
        ({}, 3700.0, "ends after the trace, which is 3600 s long"),
        ({"start_s": 3000.0}, 700.0, "from second 3000 ends after the trace"),
        ({"start_s": -1.0}, 60.0, "start_s"),
    ],
)
def test_a_run_may_not_outlast_the_trace(folder, options, span_s, problem):
    with pytest.raises(TraceError, match=problem):
        replayed(folder, span_s, **options)


def test_what_is_no_trace_of_clients_is_refused(folder, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "chunk-7-trace.csv").write_text("0,1.0,1.0,Gamma,0.8,9.5\n600,1.0,1.0,Gamma,0.8,9.5\n")
    with pytest.raises(TraceError, match="client 7 has no input lengths; give the folder"):
        replayed(alone / "chunk-7-trace.csv", 60.0)
    other = tmp_path / "requests.csv"
    other.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n0,1,1\n1,1,1\n")
    with pytest.raises(TraceError, match="table of requests"):
        replayed(other, 60.0)
    with pytest.raises(TraceError, match="/nowhere does not exist"):
        replayed("/nowhere", 60.0)
