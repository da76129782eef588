"""The options of a source, checked when it is built: every problem at once, as one `TraceError`."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from traces.errors import TraceError
from traces.provenance import Provenance, Source

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]


class Options(BaseModel):
    """Base of a source whose constructor arguments are declared as typed fields.

    Raises:
        TraceError: with one line for each unknown, missing or impossible argument.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**{key: _plain(value) for key, value in values.items()})
        except ValidationError as error:
            raise TraceError(*(self._problem(dict(fault)) for fault in error.errors())) from None

    @classmethod
    def _problem(cls, fault: dict[str, Any]) -> str:
        key = ".".join(str(part) for part in fault["loc"])
        where = f"{cls.__name__}: {key}" if key else cls.__name__
        if fault["type"] == "extra_forbidden":
            return f"{where} is not an option; the options are {', '.join(cls.model_fields)}"
        if fault["type"] == "missing":
            return f"{where} is missing; give it a value"
        reason = fault["msg"].removeprefix("Value error, ")
        return f"{where}: {reason}" + (f"; found {fault['input']!r}" if key else "")


class Part(BaseModel):
    """Base of a part of a generator's options, which names its `kind` where there are several to choose from."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Generated(Options):
    """Base of a generator: it states where its numbers come from.

    Args:
        name: what a report calls it.
        provenance: measured, published, projected or assumed.
        origin: the paper or data set its numbers were taken from.
    """

    name: Text
    provenance: Annotated[Provenance, Field(strict=False)]
    origin: Text

    @property
    def source(self) -> Source:
        """What a trace made by this generator names as its source."""
        return Source(self.name, self.provenance, self.origin)


def check_duration(owner: str, duration_s: float) -> None:
    """Raise `TraceError` unless `duration_s` is a finite number of seconds above 0."""
    if not (isfinite(duration_s) and duration_s > 0):
        raise TraceError(f"{owner}: duration_s is {duration_s}; it must be a finite number of seconds above 0")


def _plain(value: Any) -> Any:
    """Dictionaries and lists in place of whatever mappings and sequences a configuration library hands over."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value
