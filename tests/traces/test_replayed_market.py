"""The reader of the SkyNomad spot traces: the real files, windows, and every kind of broken folder."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.errors import TraceError
from traces.provenance import Provenance
from traces.replay.market import ReplayedMarket

SPAN_S = 3_937_790.0
AVAILABILITY = {
    "us-east-1a": 0.17,
    "us-east-1c": 0.47,
    "us-east-1d": 0.45,
    "us-east-1f": 0.59,
    "us-east-2a": 0.76,
    "us-east-2b": 0.68,
    "us-west-2a": 0.88,
    "us-west-2b": 0.91,
    "us-west-2c": 0.89,
}
STAMPS = [f"2023-02-15 22:{minute:02d}:00" for minute in range(0, 60, 10)]


@pytest.fixture
def folder(tmp_path):
    """Two zones of six rows, ten minutes apart, that tests break one by one."""
    for stem, states in (("us-east-1a_v100_1", "011010"), ("us-west-2b_v100_1", "111111")):
        rows = [f"{stamp},{state}" for stamp, state in zip(STAMPS, states, strict=True)]
        (tmp_path / f"{stem}.csv").write_text("\n".join(["date,availability", *rows, ""]))
    prices = {"us-east-1a_v100_1": [1.0, 1.0, 1.0, 2.0, 2.0, 2.0], "us-west-2b_v100_1": [3.0] * 6}
    (tmp_path / "v100_spot_prices.json").write_text(json.dumps(prices))
    return tmp_path


def read(folder, duration_s=3600.0, start_s=0.0, seed=0):
    return ReplayedMarket(path=str(folder), format="skynomad", start_s=start_s).spot(duration_s, np.random.default_rng(seed))


def held_at(series, time_s):
    return series.capacity[np.searchsorted(series.time_s, time_s, side="right") - 1]


def test_the_real_market_has_the_published_statistics(data_folder, preset):
    trace = preset("spot", "skynomad_v100", start_s=0.0).spot(SPAN_S, np.random.default_rng(0))
    time_s = np.arange(0, SPAN_S, 195.35)
    states = np.array([held_at(series, time_s) for series in trace.zones])
    table = np.corrcoef(states)
    same = np.array([[a.region == b.region for b in trace.zones] for a in trace.zones])
    above = np.triu(np.ones_like(same), 1).astype(bool)

    measured = {series.zone: share for series, share in zip(trace.zones, states.mean(axis=1), strict=True)}
    assert measured == pytest.approx(AVAILABILITY, abs=0.006)
    assert {series.region for series in trace.zones} == {"us-east-1", "us-east-2", "us-west-2"}
    assert (states.sum(axis=0) == 0).mean() == pytest.approx(0.008, abs=0.001)
    assert table[above & same].mean() == pytest.approx(0.43, abs=0.01)
    assert table[above & ~same].mean() == pytest.approx(0.14, abs=0.01)
    prices = np.concatenate([series.price_usd_per_h for series in trace.zones])
    assert (prices.min(), prices.max()) == pytest.approx((0.92, 1.85), abs=0.005)
    assert {source.provenance for source in trace.sources} == {Provenance.MEASURED}
    assert len({source.sha256 for source in trace.sources}) == 10


def test_replications_see_different_windows_of_the_real_market(data_folder, preset):
    source = preset("spot", "skynomad_v100")
    one, again, other = (source.spot(7200, np.random.default_rng(seed)) for seed in (0, 0, 1))

    assert one.sources == again.sources != other.sources
    assert all(a.time_s.tobytes() == b.time_s.tobytes() for a, b in zip(one.zones, again.zones, strict=True))
    assert len(one.zones) == 9


def test_rows_become_change_points(folder):
    first, second = read(folder).zones

    assert (first.zone, first.region, second.zone, second.region) == ("us-east-1a", "us-east-1", "us-west-2b", "us-west-2")
    assert first.time_s.tolist() == [0, 600, 1800, 2400, 3000]
    assert first.capacity.tolist() == [0, 1, 0, 1, 0]
    assert first.price_usd_per_h.tolist() == [1, 1, 2, 2, 2]
    assert (second.time_s.tolist(), second.capacity.tolist(), second.price_usd_per_h.tolist()) == ([0], [1], [3])


def test_a_window_begins_where_it_is_told(folder):
    first = read(folder, 1000.0, 1700.0).zones[0]

    assert first.time_s.tolist() == [0, 100, 700]
    assert first.capacity.tolist() == [1, 0, 1]
    assert first.price_usd_per_h.tolist() == [1, 2, 2]
    assert "from second 1700" in read(folder, 1000.0, 1700.0).sources[0].origin


def test_a_drawn_window_stays_inside_the_trace(folder):
    starts = [read(folder, 1800.0, None, seed).sources[0].origin.rsplit(" ", 2)[-2] for seed in range(40)]

    assert all(0 <= float(start) <= 1800 for start in starts)
    assert len(set(starts)) > 30


@pytest.mark.parametrize(("duration_s", "start_s"), [(3601.0, 0.0), (3601.0, None), (600.0, 3100.0)])
def test_a_window_beyond_the_trace_is_refused(folder, duration_s, start_s):
    with pytest.raises(TraceError, match="ends after the trace, which is 3600 s long"):
        read(folder, duration_s, start_s)


@given(
    states=st.lists(st.integers(0, 1), min_size=2, max_size=60),
    gaps_s=st.lists(st.integers(1, 5000), min_size=60, max_size=60),
    prices=st.lists(st.floats(0, 100), min_size=60, max_size=60),
    share=st.floats(0, 0.9),
)
@settings(max_examples=40, deadline=None)
def test_every_row_is_replayed(tmp_path_factory, states, gaps_s, prices, share):
    folder = tmp_path_factory.mktemp("market")
    time_s = np.concatenate(([0], np.cumsum(gaps_s)))[: len(states)]
    stamps = np.datetime64("2023-02-15T22:08:16") + time_s.astype("timedelta64[s]")
    rows = [f"{str(stamp).replace('T', ' ')},{state}" for stamp, state in zip(stamps, states, strict=True)]
    (folder / "us-east-1a_x.csv").write_text("\r\n".join(["date,availability", *rows]))
    (folder / "v100_spot_prices.json").write_text(json.dumps({"us-east-1a_x": prices[: len(states)]}))
    begin_s = float(np.floor(share * time_s[-1]))
    span_s = float(time_s[-1] - begin_s) or 0.5
    series = read(folder, span_s, begin_s).zones[0]

    for row, second in enumerate(time_s - begin_s):
        if 0 <= second < span_s:
            place = np.searchsorted(series.time_s, second, side="right") - 1
            assert series.capacity[place] == states[row]
            assert series.price_usd_per_h[place] == prices[row]
    changes = (np.diff(series.capacity) != 0) | (np.diff(series.price_usd_per_h) != 0)
    assert changes.all()


def rows(*lines):
    return "\n".join(["date,availability", *lines])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["line 1", "is empty"]),
        (rows(), ["6 prices", "0 rows"]),
        (rows(f"{STAMPS[0]},1"), ["6 prices", "1 rows"]),
        ("date,up\n2023-02-15 22:00:00,1", ["line 1", "availability is missing"]),
        (rows(f"{STAMPS[0]},1", f"{STAMPS[1]},2"), ["line 3", "availability", "'2'", "0 (not to be had) or 1 (to be had)"]),
        (rows(f"{STAMPS[0]},nan", f"{STAMPS[1]},1"), ["line 2", "availability", "'nan'"]),
        (rows(f"{STAMPS[0]},1", "soon,1"), ["line 3", "date", "'soon'"]),
        (rows(f"{STAMPS[1]},1", f"{STAMPS[0]},1"), ["line 3", "date", "later", "sort"]),
        (rows(f"{STAMPS[0]},1", f"{STAMPS[0]},1"), ["line 3", "date", "later"]),
        (rows(f"{STAMPS[0]},1,1", f"{STAMPS[1]},1"), ["line 2", "2 cells", "has 3"]),
        (rows(f"{STAMPS[0]},1", f"{STAMPS[1]},1"), ["6 prices", "2 rows", "aligned by row"]),
    ],
)
def test_a_broken_zone_file_is_refused(folder, content, words):
    path = folder / "us-east-1a_v100_1.csv"
    path.write_text(content)
    with pytest.raises(TraceError) as error:
        read(folder)
    for word in [path.stem, *words]:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[1, 2", ["not JSON", "line 1"]),
        ("[1, 2]", ["expected an object"]),
        ('{"us-east-1a_v100_1": [1, 1, 1, 1, 1, 1]}', ["us-west-2b_v100_1 is missing"]),
        ('{"us-east-1a_v100_1": [1, 1, NaN, 1, 1, 1], "us-west-2b_v100_1": [1]}', ["NaN is no JSON number"]),
        ('{"us-east-1a_v100_1": [1, -1, 1, 1, 1, 1], "us-west-2b_v100_1": [1]}', ["us-east-1a_v100_1[1] is -1"]),
        ('{"us-east-1a_v100_1": [1, 1, 1, 1, 1, "1"], "us-west-2b_v100_1": []}', ["us-east-1a_v100_1[5] is '1'", "has 0 prices"]),
        ('{"us-east-1a_v100_1": [1, 1, 1, 1, 1, true], "us-west-2b_v100_1": 4}', ["us-east-1a_v100_1[5] is True"]),
    ],
)
def test_broken_prices_are_refused(folder, content, words):
    (folder / "v100_spot_prices.json").write_text(content)
    with pytest.raises(TraceError) as error:
        read(folder)
    for word in ["v100_spot_prices.json", *words]:
        assert word in str(error.value)


def test_all_problems_of_a_folder_come_at_once(folder):
    (folder / "us-east-1a_v100_1.csv").write_text(rows(f"{STAMPS[0]},5"))
    (folder / "moon-base.csv").write_text(rows(f"{STAMPS[0]},1", f"{STAMPS[1]},1"))
    (folder / "v100_spot_prices.json").unlink()
    with pytest.raises(TraceError) as error:
        read(folder)
    for word in ["us-east-1a_v100_1.csv, line 2", "'5'", "0 files *_spot_prices.json"]:
        assert word in str(error.value)


def test_two_files_of_one_zone_are_refused(folder):
    shutil.copy(folder / "us-east-1a_v100_1.csv", folder / "us-east-1a_v100_8.csv")
    prices = json.loads((folder / "v100_spot_prices.json").read_text())
    (folder / "v100_spot_prices.json").write_text(json.dumps({**prices, "us-east-1a_v100_8": prices["us-east-1a_v100_1"]}))
    with pytest.raises(TraceError, match="us-east-1a has 2 instance types"):
        read(folder)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(TraceError, match="holds no CSV file"):
        read(tmp_path)


def test_options_are_checked():
    with pytest.raises(TraceError) as error:
        ReplayedMarket(path="", start_s=-1.0, polarity=0)
    for word in ["ReplayedMarket: path", "ReplayedMarket: start_s", "-1", "polarity is not an option"]:
        assert word in str(error.value)
