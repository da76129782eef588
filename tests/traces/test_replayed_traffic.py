"""Traffic that replays files: the real ones, every trap of the Azure format, and every kind of broken file."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.blocks import joined
from traces.errors import TraceError
from traces.provenance import Provenance
from traces.reading.stamps import nanosecond, nanoseconds
from traces.replay.traffic import ReplayedTraffic

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
GOOD = "2023-11-16 18:15:46.6805900,374,44"


@pytest.fixture
def write(tmp_path):
    """Writes a trace file of the given lines and returns its path."""

    def write(*lines, ending="\n", name="trace.csv"):
        path = tmp_path / name
        path.write_bytes("".join(line + ending for line in lines).encode())
        return path

    return write


def read(path, duration_s=1e-3):
    return joined(ReplayedTraffic(file=str(path), format="azure_llm").requests(duration_s, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("name", "requests", "rate_rps", "inputs", "outputs", "span_s"),
    [
        ("azure_conv_2023", 19_366, 5.53, (1020, 2734, 4142), (129, 424, 601), 3501.8),
        ("azure_code_2023", 8_819, 2.57, (1469, 5187, 7436), (13, 55, 251), 3436.0),
    ],
)
def test_real_files_have_the_published_statistics(data_folder, preset, name, requests, rate_rps, inputs, outputs, span_s):
    source = preset("traffic", name)
    table = joined(source.requests(span_s, np.random.default_rng(0)))

    assert len(table) == requests
    assert table.arrival_s[0] == 0
    assert (len(table) - 1) / table.arrival_s[-1] == pytest.approx(rate_rps, abs=0.01)
    assert np.percentile(table.input_tokens, (50, 90, 99)) == pytest.approx(inputs, abs=1)
    assert np.percentile(table.output_tokens, (50, 90, 99)) == pytest.approx(outputs, abs=1)
    assert table.sources[0].provenance is Provenance.MEASURED
    assert "CC-BY-4.0" in table.sources[0].origin
    assert table.sources[0].sha256 == sha256((data_folder / source.file).read_bytes()).hexdigest()
    assert "repeated" not in table.sources[0].origin


def test_a_real_file_is_repeated_to_fill_a_longer_run(data_folder, preset):
    table = joined(preset("traffic", "azure_conv_2023").requests(7200, np.random.default_rng(0)))
    once = table.arrival_s[:19_366]

    assert table.arrival_s[19_366:38_732] - table.arrival_s[19_366] == pytest.approx(once, abs=1e-6)
    assert table.arrival_s[19_366] - once[-1] == pytest.approx(once[-1] / 19_365)
    assert table.arrival_s[-1] < 7200
    assert "repeated to fill 7200 s" in table.sources[0].origin


def test_crlf_seven_decimals_zones_and_other_columns_are_read(write):
    path = write(
        "NumImages,TIMESTAMP,ContextTokens,GeneratedTokens",
        "0,2024-05-10 00:00:00.0099300+00:00,10,1",
        "1,2024-05-10 00:00:01,20,2",
        "0,2024-05-10T00:00:01.5Z,30,3",
        "0,2024-05-10 00:00:01.5,40,4",
        ending="\r\n",
    )
    table = read(path, 1.6)

    assert table.arrival_s.tolist()[:4] == [0.0, 0.99007, 1.49007, 1.49007]
    assert table.input_tokens.tolist()[:4] == [10, 20, 30, 40]
    assert table.output_tokens.tolist()[:4] == [1, 2, 3, 4]


def test_the_window_is_cut_before_its_end(write):
    path = write(HEADER, *(f"2023-11-16 18:15:{second:02d},1,1" for second in range(10)))

    assert read(path, 4.0).arrival_s.tolist() == [0, 1, 2, 3]
    assert read(path, 4.5).arrival_s.tolist() == [0, 1, 2, 3, 4]
    assert read(path, 12.0).arrival_s.tolist() == [*range(10), 10, 11]


def test_one_request_or_one_instant_cannot_be_repeated(write):
    assert read(write(HEADER, GOOD), 60.0).arrival_s.tolist() == [0]
    assert read(write(HEADER, GOOD, GOOD), 60.0).arrival_s.tolist() == [0, 0]


def test_a_moment_of_trace_is_not_repeated_without_end(write):
    with pytest.raises(TraceError, match="only 1e-07 s long"):
        read(write(HEADER, "2023-11-16 18:15:46.0000000,1,1", "2023-11-16 18:15:46.0000001,1,1"), 3600.0)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 10**10), st.integers(1, 200_000), st.integers(1, 50_000), st.sampled_from(["", "Z", "+00:00"])),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(tmp_path_factory, rows):
    rows = sorted(rows)
    path = tmp_path_factory.mktemp("trace") / "trace.csv"
    start = datetime(2023, 11, 16, tzinfo=UTC)
    stamps = [f"{start + timedelta(seconds=tick // 10**7):%Y-%m-%d %H:%M:%S}.{tick % 10**7:07d}{zone}" for tick, _, _, zone in rows]
    path.write_text("\r\n".join([HEADER, *(f"{stamp},{i},{o}" for stamp, (_, i, o, _) in zip(stamps, rows, strict=True))]))
    ticks = np.array([tick for tick, *_ in rows])
    table = read(path, (ticks[-1] - ticks[0] + 1) / 1e7)

    assert table.arrival_s[: len(rows)] == pytest.approx((ticks - ticks[0]) / 1e7, abs=1e-9)
    assert table.input_tokens[: len(rows)].tolist() == [row[1] for row in rows]
    assert table.output_tokens[: len(rows)].tolist() == [row[2] for row in rows]


@given(
    moment=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)),
    decimals=st.text("0123456789", max_size=9),
    between=st.sampled_from(" T"),
    zone=st.sampled_from(["", "Z", "+00:00"]),
)
@settings(max_examples=100, deadline=None)
def test_the_fast_and_the_slow_reading_of_a_stamp_agree(moment, decimals, between, zone):
    import pyarrow as pa

    stamp = f"{moment:%Y-%m-%d}{between}{moment:%H:%M:%S}{'.' + decimals if decimals else ''}{zone}"
    fast = nanoseconds(pa.array([stamp]))[0]

    assert nanosecond(stamp) == fast
    assert fast // 10**9 == int(moment.replace(tzinfo=UTC, microsecond=0).timestamp())


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], ["line 1", "is empty"]),
        ([HEADER], ["no rows"]),
        (["TIMESTAMP,ContextTokens", "2023-11-16 18:15:46,1"], ["line 1", "GeneratedTokens is missing"]),
        ([HEADER, GOOD, "yesterday,1,1"], ["line 3", "TIMESTAMP", "'yesterday'"]),
        ([HEADER, GOOD, "2023-11-31 18:15:46,1,1"], ["line 3", "TIMESTAMP", "2023-11-31"]),
        ([HEADER, GOOD, "2023-11-16 18:15:47+02:99,1,1"], ["line 3", "TIMESTAMP", "UTC"]),
        ([HEADER, "2023-11-16 18:15:47,many,1"], ["line 2", "ContextTokens", "'many'"]),
        ([HEADER, "2023-11-16 18:15:47,1,"], ["line 2", "GeneratedTokens", "''"]),
        ([HEADER, "2023-11-16 18:15:47,1.5,nan"], ["ContextTokens", "'1.5'", "GeneratedTokens", "'nan'"]),
        ([HEADER, GOOD, "2023-11-16 18:15:47,-4,1"], ["line 3", "ContextTokens", "'-4'"]),
        ([HEADER, GOOD, "2023-11-16 18:15:47,4,0"], ["line 3", "GeneratedTokens", "'0'", "at least 1", "on_bad_row=skip"]),
        ([HEADER, GOOD, "2023-11-16 18:15:47,4"], ["line 3", "3 cells", "has 2"]),
        ([HEADER, GOOD, "", "2023-11-16 18:15:40,4,4"], ["line 4", "TIMESTAMP", "backwards", "sort"]),
        ([HEADER, *["x,y,z"] * 4], ["line 2", "line 3", "7 further problems"]),
    ],
)
def test_a_broken_file_is_refused_with_file_line_column_and_value(write, lines, words):
    path = write(*lines)
    with pytest.raises(TraceError) as error:
        read(path, 3600.0)
    for word in [str(path), *words]:
        assert word in str(error.value)


def test_a_fault_in_a_later_block_is_found(write, monkeypatch):
    monkeypatch.setattr("traces.reading.delimited.BLOCK_BYTES", 200)
    lines = [f"2023-11-16 18:15:{second:02d},1,1" for second in range(60)]

    assert read(write(HEADER, *lines), 60).arrival_s.tolist() == list(range(60))
    with pytest.raises(TraceError, match="line 62, column TIMESTAMP"):
        read(write(HEADER, *lines, lines[0]), 61)


def test_options_are_checked():
    with pytest.raises(TraceError, match="ReplayedTraffic: file"):
        ReplayedTraffic(file=3)
    with pytest.raises(TraceError, match="duration_s"):
        joined(ReplayedTraffic(file="x").requests(-1, np.random.default_rng(0)))


@pytest.mark.parametrize("spread_s", [0.0, 7.0])
@pytest.mark.parametrize("duration_s", [12.0, 45.5, 200.0])
def test_small_blocks_and_a_file_read_again_for_each_round_change_nothing(write, monkeypatch, spread_s, duration_s):
    path = write(HEADER, *(f"2023-11-16 18:15:{second // 3 * 3:02d},{second + 1},{60 - second}" for second in range(50)))
    source = ReplayedTraffic(file=str(path), spread_s=spread_s)

    def made():
        blocks = list(source.requests(duration_s, np.random.default_rng(1)))
        whole = joined(blocks)
        return len(blocks), [column.tolist() for column in (whole.arrival_s, whole.input_tokens, whole.output_tokens)], whole.sources

    few, *whole = made()
    monkeypatch.setattr("traces.reading.delimited.BLOCK_BYTES", 150)
    several, *held = made()
    monkeypatch.setattr("traces.replay.traffic.MOST_HELD_REQUESTS", 20)
    _, *read_again = made()

    assert few < several
    assert held == read_again == whole
    assert ("repeated" in whole[1][0].origin) == (duration_s == 200)
    arrival_s = np.array(whole[0][0])
    assert (np.diff(arrival_s) >= 0).all()
    if duration_s == 200 and spread_s:  # every round has the moments of the first
        period_s = arrival_s[50] - arrival_s[0]
        assert arrival_s[50:100] == pytest.approx(arrival_s[:50] + period_s, abs=1e-9)
