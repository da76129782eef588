"""Parts, other rates and capacities, and joined traces: what changes, what does not, and what is noted."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.errors import TraceError
from traces.inspection.requests import RequestFigures
from traces.reading.trace import read_trace
from traces.replay.market import ReplayedMarket
from traces.schemas import REQUESTS, SPOT, arrow_schema
from traces.stored import About
from traces.transform.joining import concatenate, overlay, shift, superpose
from traces.transform.scaling import scale_capacity, scale_rate
from traces.transform.slicing import cut, keep
from traces.transform.stored_trace import StoredTrace


def requests(times, source="mine", **more):
    columns = {"arrival_s": [float(t) for t in times], "input_tokens": list(range(1, len(times) + 1)), "output_tokens": [5] * len(times)}
    columns |= more
    table = pa.table(columns, schema=arrow_schema(REQUESTS, frozenset(columns)))
    return StoredTrace(table, About("requests", "azure_llm", source, "CC-BY-4.0", {"f": "0"}, "2024-01-01T00:00:00Z", {"k": 1}, ["read"]))


def market(rows, source="market", **facts):
    columns = dict(zip(("zone", "instance_type", "time_s", "capacity", "price_usd_per_h"), map(list, zip(*rows, strict=True)), strict=True))
    table = pa.table(columns, schema=arrow_schema(SPOT, frozenset()))
    return StoredTrace(table, About("spot", "bamboo", source, None, {"g": "1"}, "2024-01-01T00:00:00Z", facts, ["read"]))


MARKET = [
    ("us-east-1a", "v100", 0.0, 4, None), ("us-east-1a", "v100", 100.0, 2, None), ("us-east-1a", "v100", 300.0, 0, None),
    ("us-west-2b", "v100", 0.0, 1, None), ("us-west-2b", "v100", 250.0, 5, None),
]  # fmt: skip


def column(trace, name):
    return trace.table.column(name).to_pylist()


def test_a_part_of_the_requests_begins_at_its_own_second_zero():
    made = cut(requests([0, 10, 20, 30, 40]), 10, 31)
    assert column(made, "arrival_s") == [0, 10, 20]
    assert column(made, "input_tokens") == [2, 3, 4]
    assert made.about.start == "2024-01-01T00:00:10Z"
    assert made.about.conversion == ["read", "cut from second 10 to 31"]


def test_a_part_of_a_market_begins_with_what_held_and_knows_its_end(tmp_path):
    made = cut(market(MARKET), 150, 280)
    assert list(zip(column(made, "zone"), column(made, "time_s"), column(made, "capacity"), strict=True)) == [
        ("us-east-1a", 0, 2), ("us-west-2b", 0, 1), ("us-west-2b", 100, 5)
    ]  # fmt: skip
    made.write(tmp_path / "part.parquet")
    replayed = ReplayedMarket(path=str(tmp_path / "part.parquet"), price_usd_per_h=1.0, start_s=0.0).spot(130, np.random.default_rng(0))
    assert [series.capacity.tolist() for series in replayed.zones] == [[2], [1, 5]]
    with pytest.raises(TraceError, match="which is 130 s long"):
        ReplayedMarket(path=str(tmp_path / "part.parquet"), price_usd_per_h=1.0, start_s=0.0).spot(131, np.random.default_rng(0))


def test_zones_and_types_are_kept_by_name():
    assert set(column(keep(market(MARKET), ["us-west-2b"]), "zone")) == {"us-west-2b"}
    assert len(keep(market(MARKET), instance_type="v100").table) == 5
    with pytest.raises(TraceError, match=r"(?s)no zone 'mars'; it has us-east-1a.*no instance type 'h100'"):
        keep(market(MARKET), ["mars"], "h100")


@settings(max_examples=50, deadline=None)
@given(gaps=st.lists(st.floats(0.01, 100), min_size=5, max_size=60), factor=st.floats(0.01, 100))
def test_another_rate_has_the_same_burstiness(gaps, factor):
    before = requests(np.cumsum(gaps))
    after = scale_rate(before, factor)
    first, second = (figures(trace) for trace in (before, after))

    assert second["rate_rps"] == pytest.approx(first["rate_rps"] * factor)
    assert second["gap_cv"] == pytest.approx(first["gap_cv"], abs=1e-6)
    assert second["input_tokens"] == first["input_tokens"]


def figures(trace):
    gathered = RequestFigures()
    for batch in trace.table.to_batches():
        gathered.add(batch)
    return gathered.document()


def test_other_capacities_keep_zones_that_were_up_up():
    assert column(scale_capacity(market(MARKET), 0.5), "capacity") == [2, 1, 0, 1, 2]
    assert column(scale_capacity(market(MARKET), 3), "capacity") == [12, 6, 0, 3, 15]
    with pytest.raises(TraceError, match="no capacities to scale"):
        scale_capacity(market([("z", "", 0.0, None, 1.0)]), 2)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_factors_are_refused(factor):
    with pytest.raises(TraceError, match="above 0"):
        scale_rate(requests([0, 1]), factor)
    with pytest.raises(TraceError, match="above 0"):
        scale_capacity(market(MARKET), factor)


def test_one_trace_after_the_other():
    made = concatenate([requests([0, 10, 20]), requests([5, 6, 7, 8], "other")])
    assert column(made, "arrival_s") == [0, 10, 20, 30, 31, 32, 33]
    assert made.about.source == "mine + other"
    assert made.about.conversion == ["mine: read", "other: read", "joined one after the other"]
    assert made.about.start is None


@settings(max_examples=50, deadline=None)
@given(times=st.lists(st.lists(st.floats(0, 1e4), min_size=1, max_size=30), min_size=2, max_size=4))
def test_traces_at_the_same_time_lose_nothing(times):
    traces = [requests(sorted(one), f"t{at}") for at, one in enumerate(times)]
    made = superpose(traces)

    assert column(made, "arrival_s") == sorted(t for one in times for t in one)
    assert sorted(column(made, "input_tokens")) == sorted(tokens for trace in traces for tokens in column(trace, "input_tokens"))


def test_a_column_that_one_trace_lacks_is_empty_there(tmp_path):
    made = superpose([requests([1, 3]), shift(requests([0, 1], "b", session_id=["x", "y"]), 1)])
    assert column(made, "session_id") == [None, "x", "y", None]
    made.write(tmp_path / "joined.parquet")
    assert read_trace(tmp_path / "joined.parquet").table.equals(made.table)


def test_requests_are_not_shifted_before_the_start():
    with pytest.raises(TraceError, match="arrive at second -3"):
        shift(requests([2, 3]), -5)


def test_prices_of_another_trace_are_laid_over():
    prices = market(
        [
            ("us-east-1a", "h100", 50.0, None, 7.0), ("us-east-1a", "h100", 200.0, None, 8.0),
            ("us-west-2", "h100", 0.0, None, 3.0), ("us-west-2", "h100", 9000.0, None, 4.0), ("mars", "l4", 0.0, None, 1.0),
        ],
        "prices",
    )  # fmt: skip
    made = overlay(market(MARKET), prices, "h100")
    rows = zip(*(column(made, name) for name in ("zone", "time_s", "capacity", "price_usd_per_h")), strict=True)

    assert list(rows) == [
        ("us-east-1a", 0, 4, 7), ("us-east-1a", 100, 2, 7), ("us-east-1a", 200, 2, 8), ("us-east-1a", 300, 0, 8),
        ("us-west-2b", 0, 1, 3), ("us-west-2b", 250, 5, 3),
    ]  # fmt: skip
    assert set(column(made, "instance_type")) == {"h100"}
    assert made.about.sha256 == {"g": "1"}
    with pytest.raises(TraceError, match="instance types h100, l4; say which"):
        overlay(market(MARKET), prices)
    with pytest.raises(TraceError, match="no prices of us-east-1a, us-west-2b or their regions; it has mars"):
        overlay(market(MARKET), prices, "l4")
    with pytest.raises(TraceError, match="needs capacities"):
        overlay(prices, prices, "h100")


def test_what_leaves_nothing_or_is_of_another_kind_is_refused():
    with pytest.raises(TraceError, match="leaves no row"):
        cut(requests([0, 1]), 50, 60)
    with pytest.raises(TraceError, match="before the end"):
        cut(requests([0, 1]), 5, 5)
    with pytest.raises(TraceError, match="table of spot; needed is one of requests"):
        scale_rate(market(MARKET), 2)
    with pytest.raises(TraceError, match="at least two"):
        concatenate([requests([0])])
    with pytest.raises(TraceError, match="table of requests; needed is one of spot"):
        overlay(requests([0]), market(MARKET))
