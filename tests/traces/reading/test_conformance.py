"""What every reader promises, whichever it is. A new format is checked here as soon as it has a sample."""

import gzip

import numpy as np
import pyarrow as pa
import pytest

from tests.traces.reading.ends_well import ends_well
from tests.traces.reading.samples import SAMPLES, options
from traces.errors import TraceError
from traces.reading.bad_row import BadRow
from traces.reading.opening import TraceFile
from traces.reading.registry import known_readers, reader_of
from traces.reading.trace import Reading, read_trace
from traces.schemas import arrow_schema
from traces.stored import About, stored_about, write_table

FORMATS = sorted(SAMPLES)
FILES = sorted(set(FORMATS) - {"servegen", "skynomad", "table"})  # those that are one file of text


@pytest.fixture
def sample(tmp_path):
    def made(name, seed=0):
        folder = tmp_path / f"{name}-{seed}"
        folder.mkdir()
        return SAMPLES[name](folder, np.random.default_rng(seed))

    return made


def read(path, name, on_bad_row=BadRow.ERROR):
    return read_trace(path, name, options(name), on_bad_row)


def test_every_known_format_has_a_sample():
    assert set(known_readers()) == set(SAMPLES)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_found_by_its_content_alone(name, sample):
    path = sample(name)
    if name == "columns":
        with pytest.raises(TraceError, match="format=columns with a map"):
            reader_of(TraceFile(path))
        return
    if not path.is_dir() and name != "table":
        path = path.rename(path.with_name("file.of_no_name"))
    assert reader_of(TraceFile(path)).name == name


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_follows_its_schema(name, sample):
    trace = read(sample(name), name)
    kind, table = trace.reading.kind, trace.table

    assert table.schema == arrow_schema(kind, frozenset(table.schema.names))
    assert table.num_rows == trace.reading.counts.rows > 10
    assert trace.reading.counts.skipped == trace.reading.counts.clipped == 0
    for column in kind.columns:
        if column.name in table.schema.names and not column.nullable:
            assert table.column(column.name).null_count == 0
    if kind.time:
        frame = table.to_pandas()
        for _, series in frame.groupby(list(kind.groups)) if kind.groups else [((), frame)]:
            assert series[kind.time].is_monotonic_increasing
            assert not kind.distinct or series[kind.time].is_unique


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_read_in_parts_is_the_file_read_at_once(name, sample, monkeypatch):
    path = sample(name)
    whole = read(path, name).table
    monkeypatch.setattr("traces.reading.delimited.BLOCK_BYTES", 300)
    monkeypatch.setattr("traces.reading.rows.ROWS_PER_BLOCK", 7)
    parts = Reading(path, name, options(name))
    batches = list(parts.batches())

    assert pa.Table.from_batches(batches).equals(whole)
    if name in ("azure_llm", "burstgpt", "vidur", "splitwise", "mooncake", "qwen_bailian", "columns"):
        assert len(batches) > 3


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_comes_back_from_parquet(name, sample, tmp_path):
    first = read(sample(name), name)
    reading, out = first.reading, tmp_path / "out.parquet"
    about = About(
        reading.kind.name, reading.reader.name, "made up", "none", {"file": "0" * 64}, reading.notes.start, reading.notes.facts, ["a", "b"]
    )
    rows = write_table(out, first.table.to_batches(), lambda: about)
    again = read_trace(out)

    assert rows == first.table.num_rows
    assert stored_about(out) == about
    assert again.reading.reader.name == "table"
    assert again.reading.kind is reading.kind
    assert again.table.equals(first.table)
    assert (again.reading.notes.start, again.reading.notes.facts) == (reading.notes.start, reading.notes.facts)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("extension", [".gz", ".zst"])
def test_a_compressed_file_is_the_same_trace(name, extension, sample):
    path = sample(name)
    packed = path.with_name(path.name + extension)
    content = path.read_bytes()
    packed.write_bytes(gzip.compress(content) if extension == ".gz" else pa.Codec("zstd").compress(content, asbytes=True))

    assert read(packed, name).table.equals(read(path, name).table)
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(TraceError, match=r"line \d+.*cannot be read"):
        read(packed, name)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_off_anywhere_ends_in_a_table_or_an_error(name, sample):
    path = sample(name)
    content = path.read_bytes()
    for length in np.linspace(0, len(content) - 1, 23).astype(int).tolist():
        path.write_bytes(content[:length])
        assert ends_well(path, name, options(name), BadRow.ERROR)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_not_there_or_not_a_trace_is_refused(name, tmp_path):
    with pytest.raises(TraceError, match="does not exist"):
        read(tmp_path / "nowhere", name)
    nothing = tmp_path / "nothing"
    nothing.write_bytes(b" \n")
    with pytest.raises(TraceError, match="line 1: the file is empty"):
        read(nothing, name)
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(np.random.default_rng(0).bytes(3000))
    with pytest.raises(TraceError, match="line "):
        read(rubbish, name)
    with pytest.raises(TraceError, match=r"line 1.*no known format"):
        read_trace(rubbish)
