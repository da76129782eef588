import os
import pickle
import time

import pytest

from cloudsim.errors import SimulationError
from cloudsim.experiment import outcomes, tasks
from tests.results import experiments


class Listener:
    """A watcher that remembers."""

    def __init__(self):
        self.moves, self.ends = [], []

    def moved(self, task, share):
        self.moves.append((task, share))

    def finished(self, outcome):
        self.ends.append(outcome.task)


def test_tasks_go_contender_by_contender(config):
    assert [(task.index, task.contender, task.replication) for task in tasks(config)] == [
        (0, "l2a", 0), (1, "l2a", 1), (2, "static_dense", 0), (3, "static_dense", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("workers", [2, 3])
def test_outcomes_are_the_same_in_one_process_and_in_several(config, workers):
    alone, several = Listener(), Listener()
    expected = list(outcomes(config, experiments.made_up, alone))
    found = list(outcomes(config.model_copy(update={"workers": workers}), experiments.made_up, several))
    assert [outcome.task for outcome in found] == [outcome.task for outcome in expected] == tasks(config)
    for one, other in zip(found, expected, strict=True):
        assert pickle.dumps(one.tables) == pickle.dumps(other.tables)
    assert alone.ends == tasks(config)
    assert sorted(several.ends, key=lambda task: task.index) == tasks(config)
    assert [share for _, share in several.moves] == [0.5] * len(several.moves)
    assert several.moves


def test_an_error_in_a_worker_comes_out_with_its_traceback(config):
    with pytest.raises(ArithmeticError, match=r"l2a \d fails") as found:
        list(outcomes(config.model_copy(update={"workers": 2}), experiments.fails))
    assert any("raise ArithmeticError" in note for note in found.value.__notes__)


def test_a_worker_that_dies_is_told(config):
    with pytest.raises(SimulationError, match="a worker process died"):
        list(outcomes(config.model_copy(update={"workers": 2}), experiments.dies))


def test_workers_end_with_the_consumer(config, tmp_path):
    several = config.model_copy(update={"workers": 2, "output_dir": str(tmp_path)})
    under_way = outcomes(several, experiments.hangs_after_the_first)
    next(under_way)
    until_s = time.monotonic() + 20
    while not list(tmp_path.iterdir()):
        assert time.monotonic() < until_s
        time.sleep(0.02)
    under_way.close()
    for sign in tmp_path.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(sign.name), 0)
