"""Conversions that are interrupted go on, and end in the same table."""

import os
import signal
import subprocess
import sys
import time

import pytest

from traces import unfinished
from traces.conversion import convert
from traces.errors import TraceError
from traces.reading.bad_row import BadRow
from traces.reading.reader import ReadOptions
from traces.reading.trace import Reading, read_trace
from traces.stored import stored_about

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


def lines(rows, bad=()):
    return "".join(f"2023-11-16 18:{at // 60 % 60:02d}:{at % 60:02d},{-5 if at in bad else at + 1},7\n" for at in range(rows))


@pytest.fixture
def csv(tmp_path, monkeypatch):
    """A file of thirty blocks, three of whose rows are bad."""
    monkeypatch.setattr("traces.reading.delimited.BLOCK_BYTES", 300)
    path = tmp_path / "trace.csv"
    path.write_text(HEADER + lines(300, bad=(5, 100, 250)))
    return path


def made(csv, out, on_bad_row=BadRow.SKIP, **options):
    reading = Reading(csv, None, ReadOptions(**options), on_bad_row)
    about = convert(reading, csv.name, out)
    return reading, about


def interrupted(monkeypatch, after, csv, out, **options):
    """A conversion that is stopped after some batches."""
    left, note = [after], unfinished.Unfinished._note

    def stopping(self):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        note(self)

    with monkeypatch.context() as patch:
        patch.setattr(unfinished.Unfinished, "_note", stopping)
        with pytest.raises(KeyboardInterrupt):
            made(csv, out, **options)
    assert not out.exists()


@pytest.mark.parametrize("after", [[0], [1], [17], [20], [3, 9, 4], [1] * 10])
def test_it_goes_on_where_it_was_and_the_table_is_the_same(monkeypatch, csv, tmp_path, after):
    straight, told = made(csv, tmp_path / "straight.parquet")
    out = tmp_path / "out.parquet"
    for count in after:
        interrupted(monkeypatch, count, csv, out)
    checked = []
    original = unfinished.Reading.batches
    monkeypatch.setattr(unfinished.Reading, "batches", lambda self: (checked.append(1) or batch for batch in original(self)))
    reading, about = made(csv, out)
    assert len(checked) == straight.checker.blocks - sum(after)
    assert read_trace(out).table.equals(read_trace(tmp_path / "straight.parquet").table)
    assert about == told == stored_about(out)
    assert reading.counts == straight.counts
    assert reading.problems == straight.problems
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "straight.parquet", "trace.csv"]


def test_what_was_written_behind_the_last_state_is_cut_off(monkeypatch, csv, tmp_path):
    out = tmp_path / "out.parquet"
    interrupted(monkeypatch, 5, csv, out)
    with (tmp_path / ".out.parquet.unfinished" / "batches.arrows").open("ab") as file:
        file.write(b"half a batch")
    made(csv, out)
    assert read_trace(out).table.num_rows == 297


@pytest.mark.parametrize("what", ["file", "option", "blocks", "state", "lost"])
def test_another_task_begins_anew(monkeypatch, csv, tmp_path, what):
    out, folder = tmp_path / "out.parquet", tmp_path / ".out.parquet.unfinished"
    interrupted(monkeypatch, 20, csv, out)
    options = {}
    if what == "file":
        csv.write_text(HEADER + lines(200))
    elif what == "option":
        options = {"on_bad_row": BadRow.CLIP}
    elif what == "blocks":
        monkeypatch.setattr("traces.reading.delimited.BLOCK_BYTES", 500)
    elif what == "state":
        (folder / "state.json").write_text('{"task": ')
    else:
        (folder / "batches.arrows").write_bytes(b"")
    made(csv, out, **options)
    assert read_trace(out).table.num_rows == {"file": 200, "option": 300}.get(what, 297)
    assert not folder.exists()


def test_a_bad_file_leaves_nothing(csv, tmp_path):
    with pytest.raises(TraceError, match="line 7"):
        made(csv, tmp_path / "out.parquet", BadRow.ERROR)
    assert [path.name for path in tmp_path.iterdir()] == ["trace.csv"]


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_killed_program_goes_on(tmp_path, sign, code):
    path, out = tmp_path / "trace.csv", tmp_path / "out.parquet"
    path.write_text(HEADER + lines(3600))
    small = "import sys, time; from traces import unfinished as u; from traces.reading import delimited; delimited.BLOCK_BYTES = 400\n"
    slow = "note = u.Unfinished._note\ndef slowly(self):\n    note(self); time.sleep(0.02)\nu.Unfinished._note = slowly\n"
    begin = f"from cloudsim.cli import main; sys.exit(main(['traces', 'convert', {str(path)!r}, {str(out)!r}]))"
    state = tmp_path / ".out.parquet.unfinished" / "state.json"
    with subprocess.Popen([sys.executable, "-c", small + slow + begin], stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not state.exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(process.pid, sign)
        assert process.wait() == code
        if sign == signal.SIGINT:
            assert "the same command goes on" in process.stderr.read()
    assert not out.exists()
    assert subprocess.run([sys.executable, "-c", small + begin], check=False).returncode == 0
    assert read_trace(out).table.num_rows == 3600
    assert not state.parent.exists()
