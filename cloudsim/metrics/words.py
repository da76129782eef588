"""A column of words from a small set, held as codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.metrics.tables import Column


@dataclass(frozen=True, slots=True)
class Words:
    """One "category" column.

    Args:
        codes: index into `words` for each row. Shape (n,).
        words: the words, each once.
    """

    codes: NDArray[np.integer[Any]]
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)


def columns_of(rows: Sequence[tuple[Any, ...]], columns: Sequence[Column]) -> dict[str, "NDArray[Any] | Words"]:
    """Rows, whose values stand in the order of `columns`, as columns by name; all of them also where there is no row."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return {
        column.name: encode(list(one)) if column.type == "category" else np.array(one, dtype=column.type)
        for column, one in zip(columns, values, strict=True)
    }


def encode(values: list[str]) -> Words:
    """The column of `values`, its words in the order they first appear."""
    codes = {word: code for code, word in enumerate(dict.fromkeys(values))}
    return Words(np.array([codes[value] for value in values], dtype=np.int32), tuple(codes))
