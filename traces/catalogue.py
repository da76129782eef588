"""The public traces that are known: what they are, under which licence, where they can be had, and what is easily misread."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from traces.errors import TraceError
from traces.options import Options, Text

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PublicFile(Options):
    """One file of a data set.

    Args:
        url: where it is published; None if it has to be got by hand.
        bytes: its size, where known.
        sha256: hexadecimal digest, where known.
        unpack: whether it is a ZIP archive, whose files are wanted.
    """

    url: Annotated[str, Field(pattern="^https?://")] | None = None
    bytes: Annotated[int, Field(gt=0)] | None = None
    sha256: Digest | None = None
    unpack: bool = False


class DataSet(Options):
    """A published collection of traces.

    Args:
        name: of its folder below the data folder.
        title: what it is called where it was published.
        citation: the paper to cite.
        licence: under which it was published.
        origin: how to get it; `from` in the file.
        kind: of its tables; see `traces.schemas`.
        format: of its files; see `traces.readers`.
        rows: of all files together, where known.
        span: how long and when.
        files: by name.
        traps: what is easily misread.
    """

    name: Text
    title: Text
    citation: Text
    licence: Text
    origin: Annotated[str, Field(alias="from", min_length=1)]
    kind: Text
    format: Text
    rows: int | None = None
    span: Text
    files: dict[str, PublicFile]
    traps: list[Text] = Field(default_factory=list)

    def __init__(self, **values: Any) -> None:
        named = {file: PublicFile(**(stated or {})) for file, stated in values.get("files", {}).items()}
        super().__init__(**{**values, "files": named})


@lru_cache
def catalogue() -> dict[str, DataSet]:
    """All known data sets by name, in the order of the file."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    listed = yaml.load(files("traces").joinpath("catalogue.yaml").read_text(encoding="utf-8"), loader)
    return {name: DataSet(name=name, **stated) for name, stated in listed.items()}


def find_data_set(name: str) -> DataSet:
    """The data set of that name.

    Raises:
        TraceError: there is none; says which there are.
    """
    if name not in catalogue():
        raise TraceError(f"{name!r} is not in the catalogue; known are {', '.join(catalogue())}")
    return catalogue()[name]


def data_set_of(path: str | Path) -> DataSet | None:
    """The data set in whose folder a path lies, if it is a known one."""
    parts = Path(path).parts
    return next((known for name, known in catalogue().items() if name in parts), None)
