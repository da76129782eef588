"""How the text of a cell becomes a value: a fast reading of whole columns, a slow one of a single cell, and what is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from traces.reading.stamps import ACCEPTED as STAMPS_ACCEPTED
from traces.reading.stamps import nanosecond, nanoseconds

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_WHOLE = 2**53


class Cell(Protocol):
    """One column of a delimited file."""

    @property
    def accepted(self) -> str:
        """What is accepted, for a message."""
        ...

    @property
    def is_text(self) -> bool:
        """Whether its values are texts."""
        ...

    def column(self, texts: pa.StringArray) -> Any:
        """The values of a whole column; `pyarrow.ArrowInvalid` if any text is not accepted."""
        ...

    def value(self, text: str) -> Any:
        """The value of one text, or None if it is not accepted."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number. With `empty`, an empty cell is a missing value."""

    empty: bool = False
    accepted: str = "a whole number"
    is_text: ClassVar[bool] = False

    def column(self, texts: pa.StringArray) -> Any:
        """Shape as `texts`; float64 if cells may be empty, else int64."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.empty:
            texts = pc.if_else(pc.equal(texts, ""), None, texts)
            values = np.asarray(texts.cast(pa.int64()).cast(pa.float64()).to_numpy(zero_copy_only=False))
        else:
            values = np.asarray(texts.cast(pa.int64()))
        if len(values) and np.nanmax(np.abs(values), initial=0) > LARGEST_WHOLE:
            raise pa.ArrowInvalid("too large")
        return values

    def value(self, text: str) -> Any:
        """An int; NaN for an empty cell that may be."""
        if self.empty and not text:
            return np.nan
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            return None
        return int(text) if abs(int(text)) <= LARGEST_WHOLE else None


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number, multiplied by `factor`. With `empty`, an empty cell is a missing value."""

    factor: float = 1.0
    empty: bool = False
    accepted: str = "a number"
    is_text: ClassVar[bool] = False

    def column(self, texts: pa.StringArray) -> Any:
        """Shape as `texts`, float64."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.empty:
            texts = pc.if_else(pc.equal(texts, ""), None, texts)
        cast = texts.cast(pa.float64())
        if not pc.all(pc.is_finite(cast), min_count=0).as_py():
            raise pa.ArrowInvalid("not finite")
        return np.asarray(cast.to_numpy(zero_copy_only=False)) * self.factor

    def value(self, text: str) -> Any:
        """A float; NaN for an empty cell that may be."""
        if self.empty and not text:
            return np.nan
        try:
            number = float(text) if text.isascii() and "_" not in text else np.nan
        except ValueError:
            return None
        return number * self.factor if isfinite(number) else None


@dataclass(frozen=True, slots=True)
class Text:
    """A text; with `empty` it may be empty, and with `one_of` it is one of these."""

    empty: bool = False
    one_of: tuple[str, ...] = ()
    is_text: ClassVar[bool] = True

    @property
    def accepted(self) -> str:
        """What is accepted, for a message."""
        if self.one_of:
            return f"one of {', '.join(self.one_of)}"
        return "a text" if self.empty else "a text that is not empty"

    def column(self, texts: pa.StringArray) -> Any:
        """The texts themselves."""
        import pyarrow as pa
        import pyarrow.compute as pc

        texts.validate(full=True)
        if not self.empty and pc.any(pc.equal(texts, "")).as_py():
            raise pa.ArrowInvalid("empty")
        if self.one_of and not pc.all(pc.is_in(texts, value_set=pa.array(self.one_of)), min_count=0).as_py():
            raise pa.ArrowInvalid("not one of these")
        return texts

    def value(self, text: str) -> Any:
        """The text itself."""
        if "\N{REPLACEMENT CHARACTER}" in text or (not text and not self.empty) or (self.one_of and text not in self.one_of):
            return None
        return text


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false, as programs write it."""

    accepted: str = "true or false"
    is_text: ClassVar[bool] = False

    def column(self, texts: pa.StringArray) -> Any:
        """Shape as `texts`, bool."""
        import pyarrow as pa

        return np.asarray(texts.cast(pa.bool_()).to_numpy(zero_copy_only=False))

    def value(self, text: str) -> Any:
        """A bool."""
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())


@dataclass(frozen=True, slots=True)
class Stamp:
    """An absolute time, as nanoseconds since 1970."""

    accepted: str = STAMPS_ACCEPTED
    is_text: ClassVar[bool] = False

    def column(self, texts: pa.StringArray) -> Any:
        """Shape as `texts`, int64."""
        return nanoseconds(texts)

    def value(self, text: str) -> Any:
        """An int."""
        return nanosecond(text)
