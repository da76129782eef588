"""Requests of a run in a file are those of a run in memory, whatever the length of blocks."""

import pickle

import numpy as np
import pytest

from cloudsim.clock import Clock
from cloudsim.errors import SimulationError
from cloudsim.metrics import request_table
from cloudsim.metrics.recorder import Recorder
from cloudsim.metrics.words import Words
from cloudsim.serving.request import Request
from cloudsim.simulation import simulate
from cloudsim.workload.block import RequestBlock
from cloudsim.workload.workload import Workload
from tests.cluster.scenario import contender, fingerprint, small
from tests.workload.blocks import shorten
from traces.tables import RequestTrace

ROWS = [(at * 0.05, 200 + at * 37 % 900, 20 + at * 53 % 300) for at in range(300)]
MARKET = {"a-1a": [(0.0, 1, 1.0), (6.0, 0, 1.0), (8.0, 1, 1.0)], "b-1a": [(0.0, 1, 1.0), (7.0, 0, 1.0)]}


def run(scratch=None):
    config = small(contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}, budget="l2a_calibrated"), ROWS, MARKET,
                   duration_s=15.0, drain_s=4.0)  # fmt: skip
    return simulate(config, "one", 0, scratch=scratch)


@pytest.mark.parametrize("rows", [1, 17, 299, 300])
def test_neither_the_file_nor_the_length_of_blocks_changes_a_run(monkeypatch, tmp_path, rows):
    whole = run()
    shorten(monkeypatch, rows)
    cut, filed = run(), run(tmp_path)
    assert len(set(whole.requests["status"].codes)) > 1  # requests end in several ways, and not in order
    assert (np.diff(whole.requests["done_s"]) < 0).any()
    for other in (cut, filed):
        assert fingerprint(other, ("requests", "nodes", "changes")) == fingerprint(whole, ("requests", "nodes", "changes"))
        for name, column in whole.timeline.items():
            np.testing.assert_allclose(other.timeline[name], column, rtol=1e-9)
    assert [part.name for part in tmp_path.iterdir()] == ["one-0.rows"]


def test_parts_follow_one_another_and_cross_to_another_process(monkeypatch, tmp_path):
    shorten(monkeypatch, 7)
    monkeypatch.setattr(request_table, "PART_BLOCKS", 3)
    table = pickle.loads(pickle.dumps(run(tmp_path).requests))
    parts = list(table.parts())
    assert [len(part["request"]) for part in parts] == [21] * 14 + [6]
    for name in table:
        pieces = [part[name].codes if isinstance(part[name], Words) else part[name] for part in parts]
        whole = table[name].codes if isinstance(table[name], Words) else table[name]
        assert np.concatenate(pieces).tobytes() == whole.tobytes()
    with pytest.raises(KeyError):
        table["length"]
    table.discard()
    assert not list(tmp_path.iterdir())


class Ending:
    """A recorder of ten requests in blocks of four, and what it handed on."""

    def __init__(self):
        self.handed = []
        one = np.ones(4, dtype=np.int64)

        def block(number, rows):
            trace = RequestTrace(np.arange(rows, dtype=float), one[:rows], one[:rows])
            zero = np.zeros(rows)
            return RequestBlock(number, trace, one[:rows], one[:rows].astype(np.int8), zero, zero, zero, zero, one[:rows], one[:rows])

        workload = Workload([block(0, 4), block(1, 4), block(2, 2)])
        self.requests: list[Request] = list(workload.requests())
        self.recorder = Recorder(Clock(), ["all"], workload, lambda block, noted: self.handed.append((block.number, noted)))

    def end(self, *numbers):
        for number in numbers:
            self.recorder.end(self.requests[number], "lost", f"reason {number % 2}")


@pytest.fixture
def ending(monkeypatch):
    shorten(monkeypatch, 4)
    return Ending()


@pytest.mark.parametrize("chunk", [1, 3, 256])
def test_a_block_is_handed_on_when_its_last_request_has_ended(ending, monkeypatch, chunk):
    monkeypatch.setattr("cloudsim.metrics.recorder.CHUNK", chunk)
    ending.end(9, 3, 5, 4, 8, 7, 6, 0, 2, 1)
    ending.recorder.close()
    assert sorted(number for number, _ in ending.handed) == [0, 1, 2]
    if chunk == 1:
        assert [number for number, _ in ending.handed] == [2, 1, 0]
    columns = {number: noted["request"].tolist() for number, noted in ending.handed}
    assert columns == {0: [0, 1, 2, 3], 1: [4, 5, 6, 7], 2: [8, 9]}
    reason = {number: noted["reason"].tolist() for number, noted in ending.handed}
    assert {at: code for code, at in enumerate(ending.recorder.reasons)} | {"": 0} == ending.recorder.reasons
    assert reason[0] == [ending.recorder.reasons[f"reason {number % 2}"] for number in range(4)]


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        (range(9), "these are open: 2"),
        ([0, 1, 2, 3, 8, 9], "these are open: 1"),
        ([0, 1, 2, 2], "a request ended twice"),
        ([0, 1, 2, 3, 3], "ended twice"),
        ([*range(10), 5], "ended twice"),
    ],
)
def test_every_request_ends_once(ending, monkeypatch, numbers, problem):
    monkeypatch.setattr("cloudsim.metrics.recorder.CHUNK", 1)

    def end():
        ending.end(*numbers)
        ending.recorder.close()

    with pytest.raises(SimulationError, match=problem):
        end()
