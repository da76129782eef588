"""Runs the tasks of an experiment in several processes.

Each worker is a fresh interpreter that is linked to this process by one pipe: it gets a task, sends its progress and its
outcome, and asks for the next. When this process dies, however it dies, the pipe breaks and the worker ends as well.
"""

import multiprocessing
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from cloudsim.config import RunConfig
from cloudsim.errors import SimulationError
from cloudsim.experiment import Outcome, Simulate, Task, Watcher, run

REPORT_S = 0.1
"""Seconds between two reports of progress: often enough for the eye, too seldom to cost time."""


def in_processes(config: RunConfig, todo: list[Task], workers: int, simulate: Simulate, watcher: Watcher) -> Iterator[Outcome]:
    """Run `todo` in `workers` processes and yield the outcomes in the order of `todo`.

    Raises:
        SimulationError: a worker died.
        Exception: whatever a task raised, with the worker's traceback as a note.
    """
    waiting, ready, following = deque(todo), dict[int, Outcome](), 0
    links: dict[Connection, SpawnProcess] = {}
    try:
        with _interrupts_ignored():
            links.update(_start(config, simulate) for _ in range(workers))
        for link in links:
            link.send(waiting.popleft())
        while following < len(todo):
            for link in [link for link in wait(list(links)) if isinstance(link, Connection)]:
                message = _receive(link)
                if isinstance(message, Outcome):
                    watcher.finished(message)
                    ready[message.task.index] = message
                    if waiting:
                        link.send(waiting.popleft())
                elif isinstance(message, Exception):
                    raise message
                else:
                    watcher.moved(*message)
            while following < len(todo) and todo[following].index in ready:
                yield ready.pop(todo[following].index)
                following += 1
    finally:
        # Whatever ends the experiment early (Ctrl-C, an error, a consumer that stops) ends the workers too.
        for process in links.values():
            process.terminate()
        for link, process in links.items():
            process.join()
            link.close()


def _start(config: RunConfig, simulate: Simulate) -> tuple[Connection, SpawnProcess]:
    # A fresh interpreter a worker: a forked one would inherit threads and open files, which may hang it.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, config, simulate), daemon=True)
    process.start()
    there.close()
    return here, process


def _receive(link: Connection) -> Outcome | Exception | tuple[Task, float]:
    try:
        message: Outcome | Exception | tuple[Task, float] = link.recv()
    except (EOFError, ConnectionResetError):
        raise SimulationError(
            "a worker process died before its task was done; if the machine ran out of memory, take fewer with workers=1"
        ) from None
    return message


def _work(link: Connection, config: RunConfig, simulate: Simulate) -> None:
    """The life of a worker."""
    sys.stdout = sys.stderr  # standard output belongs to the result, whatever a policy prints
    try:
        while True:
            task: Task = link.recv()
            try:
                message: Outcome | Exception = run(config, task, simulate, _reporter(link))
            except BrokenPipeError:
                raise
            except Exception as error:
                error.add_note(traceback.format_exc())
                message = error
            link.send(message)
    except (EOFError, OSError):
        return


def _reporter(link: Connection) -> Callable[[Task, float], None]:
    """A callback that sends progress, but not too often."""
    last_s = 0.0

    def report(task: Task, share: float) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= REPORT_S:
            last_s = now_s
            link.send((task, share))

    return report


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes started here ignore Ctrl-C, which reaches the whole group; this process answers it and stops them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
