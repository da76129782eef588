"""A run turned inside out: it goes on until it has a question, and waits for the answer."""

from collections.abc import Callable
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from cloudsim.simulation import RunTables

Ask = Callable[[Any], Any]
"""Puts a question to whoever resumed the run, and returns the answer."""


class InvertedRun:
    """A run in a greenlet of its own, in the thread that made it.

    Args:
        run: the run; it puts its questions to the function it is given.

    Attributes:
        tables: what the run left behind, once it has ended.
    """

    def __init__(self, run: Callable[[Ask], RunTables]) -> None:
        self._run, self._closed = run, False
        self._greenlet = greenlet(self._main)
        self.tables: RunTables | None = None

    def _main(self, first: Any) -> None:
        self.tables = self._run(self._ask)

    def _ask(self, question: Any) -> Any:
        if self._closed:
            # SimPy hands on what ends a process only at its next step; others may ask until then.
            raise GreenletExit
        parent = self._greenlet.parent
        assert parent is not None, "it was resumed by somebody"
        return parent.switch(question)

    def resume(self, answer: Any) -> Any:
        """Answer the last question (None the first time), and get the next one; None once the run has ended.

        Raises:
            Exception: whatever ended the run.
        """
        self._greenlet.parent = getcurrent()
        return self._greenlet.switch(answer)

    def close(self) -> None:
        """Give up what has not ended."""
        self._closed = True
        while self._greenlet:
            self._greenlet.parent = getcurrent()
            self._greenlet.throw(GreenletExit)
