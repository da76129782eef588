"""Worker processes that measure one task after the other, each with its own copy of the models."""

import queue
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ModelError
from cloudsim.l2a.evaluation.cell import Cabinet, Cell, Preparation, measure, prepare

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.bench import Bench

Task = tuple[Cell | Preparation, Mapping[str, Any] | None]
PATIENCE_S = 1.0


def work(cabinet: Cabinet, tasks: Sequence[Task], processes: int) -> Iterator[tuple[Task, int]]:
    """Do tasks in any order; yields each one when its file is written, with the number of problems answered.

    Raises:
        ModelError: a model cannot be used, or a worker died.
    """
    if processes == 1 or len(tasks) < 2:
        bench = _bench(cabinet)
        for task in tasks:
            yield task, _do(cabinet, bench, task)
        return
    context = get_context("spawn")
    todo, done = context.Queue(), context.Queue()
    for number in range(len(tasks)):
        todo.put(number)
    workers = [context.Process(target=_serve, args=(cabinet, tasks, todo, done), daemon=True) for _ in range(min(processes, len(tasks)))]
    for worker in workers:
        todo.put(None)
        worker.start()
    try:
        for _ in tasks:
            number, problems, failure = _next(done, workers)
            if failure is not None:
                raise failure
            yield tasks[number], problems
    except BaseException:
        for worker in workers:
            worker.terminate()
        raise
    finally:
        for worker in workers:
            worker.join()


def _next(done: Any, workers: Sequence[Any]) -> tuple[int, int, Exception | None]:
    while True:
        try:
            found: tuple[int, int, Exception | None] = done.get(timeout=PATIENCE_S)
        except queue.Empty:
            if dead := [worker.exitcode for worker in workers if worker.exitcode]:
                text = f"a worker process ended with code {dead[0]}; the parts that are finished are kept: run the same command again"
                raise ModelError(f"{text}, with processes=1 if memory is short") from None
            continue
        return found


def _serve(cabinet: Cabinet, tasks: Sequence[Task], todo: Any, done: Any) -> None:
    bench = _bench(cabinet)
    while (number := todo.get()) is not None:
        try:
            done.put((number, _do(cabinet, bench, tasks[number]), None))
        except Exception as error:
            done.put((number, 0, error))
            return


def _bench(cabinet: Cabinet) -> "Bench":
    import torch

    # One thread: the order of sums, and so every digit, is then the same on any machine of this kind.
    torch.set_num_threads(1)
    return cabinet.bench()


def _do(cabinet: Cabinet, bench: "Bench", task: Task) -> int:
    wanted, setting = task
    if isinstance(wanted, Preparation):
        prepare(cabinet, bench, wanted)
        return 0
    return measure(cabinet, bench, wanted, setting)
