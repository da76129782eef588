"""A column of words from a small set, held as codes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


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


def encode(values: list[str]) -> Words:
    """The column of `values`, its words in the order they first appear."""
    codes = {word: code for code, word in enumerate(dict.fromkeys(values))}
    return Words(np.array([codes[value] for value in values], dtype=np.int32), tuple(codes))
