"""What is kept of every single answer."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

NUMERIC = {"correct": "bool", "problem": "int32", "difficulty": "int16", "think_tokens": "int16", "tokens": "int16", "layers": "float64"}


@dataclass(frozen=True, slots=True)
class Record:
    """One problem answered by one method at one budget.

    Args:
        problem: number in its suite; the same for every method.
        family, difficulty: of the problem.
        correct: whether the answer was right.
        think_tokens: tokens of reasoning.
        tokens: tokens of the answer, reasoning included.
        layers: layers kept; a mean over the tokens where they differ.
        groups: head groups kept, over all layers.
        mask: the layers and then the groups as bits, in hexadecimal; empty if each token has its own.
        share: multiply-adds of a token's projections and MLPs as a share of the dense model's.
        flops: floating-point operations of prompt and answer.
        kv_bytes: of keys and values at the end of the answer.
    """

    problem: int
    family: str
    difficulty: int
    correct: bool
    think_tokens: int
    tokens: int
    layers: float
    groups: float
    mask: str
    share: float
    flops: float
    kv_bytes: float


def frame(records: Iterable[Record]) -> "pd.DataFrame":
    """A table with one row a record."""
    import pandas as pd

    return pd.DataFrame([asdict(record) for record in records]).astype(NUMERIC)


def write(table: "pd.DataFrame", path: Path) -> None:
    """Write a table of records; an existing file is replaced at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    table.to_parquet(partial, index=False)
    partial.replace(path)


def read(path: Path) -> "pd.DataFrame":
    """Read what `write` wrote.

    Raises:
        ModelError: the file cannot be read.
    """
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except Exception as error:
        raise ModelError(f"{path}: cannot be read ({' '.join(str(error).split())}); delete it, and it is measured again") from error


def mask_bits(mask: str, layers: int, groups: int) -> tuple[list[int], list[int]]:
    """The layers and the groups (layer by layer) of a record's mask, 0 or 1."""
    bits = [int(bit) for bit in f"{int(mask, 16):0{layers * (1 + groups)}b}"]
    return bits[:layers], bits[layers:]


def mask_text(bits: Sequence[Any] | str) -> str:
    """Bits as a record's mask."""
    text = "".join(str(int(bit)) for bit in bits)
    return f"{int(text, 2):0{-(-len(text) // 4)}x}"
