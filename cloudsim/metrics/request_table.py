"""The request table of one run, in memory or in a file beside it."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.metrics.words import Words

PART_BLOCKS = 4
Column = NDArray[Any] | Words


class RequestTable(Mapping[str, Column]):
    """Columns by name, in order of the requests, once `finish` was called. A column is put together when it is asked for.

    Args:
        file: new file for the rows, so that they take no memory; None keeps them.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._held: dict[int, dict[str, NDArray[Any]]] = {}
        self._places: dict[int, dict[str, tuple[int, int, str]]] = {}  # of each block's columns in the file: offset, rows, type
        self._words: dict[str, tuple[str, ...]] = {}
        self._of_node: dict[str, tuple[str, NDArray[np.float64]]] = {}
        self._names: tuple[str, ...] = ()

    def add(self, number: int, columns: Mapping[str, NDArray[Any]]) -> None:
        """Put a block of rows in its place; blocks may come in any order."""
        self._names = tuple(columns)
        if self._file is None:
            self._held[number] = dict(columns)
            return
        with self._file.open("ab") as file:
            places = {}
            for name, column in columns.items():
                places[name] = (file.tell(), len(column), column.dtype.str)
                file.write(np.ascontiguousarray(column).data)
        self._places[number] = places

    def finish(self, words: Mapping[str, tuple[str, ...]], of_node: Mapping[str, tuple[str, NDArray[np.float64]]]) -> None:
        """Say what is known at the end.

        Args:
            words: of each column of codes.
            of_node: further columns that are another one times a number of the request's last node: the other's name and the numbers
                by node, with one more for requests without a node.
        """
        self._words, self._of_node = dict(words), dict(of_node)
        self._names += tuple(self._of_node)

    def discard(self) -> None:
        """Delete the file; nothing can be read afterwards."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def parts(self, names: Iterable[str] | None = None) -> Iterator[dict[str, Any]]:
        """The columns `names` (all if None) for some hundred thousand requests at a time."""
        chosen, numbers = tuple(names or self._names), sorted(self._places or self._held)
        for first in range(0, len(numbers), PART_BLOCKS):
            yield {name: self._column(name, numbers[first : first + PART_BLOCKS]) for name in chosen}

    def __getitem__(self, name: str) -> Column:
        if name not in self._names:
            raise KeyError(name)
        return self._column(name, sorted(self._places or self._held))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _column(self, name: str, numbers: list[int]) -> Column:
        if name in self._of_node:
            base, numbers_of_nodes = self._of_node[name]
            column = self._column(base, numbers)
            assert not isinstance(column, Words), f"{base} is a column of words"
            product: NDArray[Any] = column * numbers_of_nodes[self._values("node", numbers)]
            return product
        values = self._values(name, numbers)
        return Words(values, self._words[name]) if name in self._words else values

    def _values(self, name: str, numbers: list[int]) -> NDArray[Any]:
        if self._file is None:
            held = [self._held[number][name] for number in numbers]
            return held[0] if len(held) == 1 else np.concatenate(held)
        places = [self._places[number][name] for number in numbers]
        whole = np.empty(sum(rows for _, rows, _ in places), places[0][2])
        with self._file.open("rb") as file:
            at = 0
            for offset, rows, _ in places:
                file.seek(offset)
                file.readinto(whole[at : at + rows].data)
                at += rows
        return whole
