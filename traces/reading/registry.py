"""The known formats, found among the files of `traces/readers`, and which of them a file is."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from traces.errors import TraceError
from traces.reading.opening import TraceFile
from traces.reading.reader import Reader


@lru_cache
def known_readers() -> dict[str, Reader]:
    """All formats by name."""
    import traces.readers

    found = [import_module(f"traces.readers.{module.name}").READER for module in iter_modules(traces.readers.__path__)]
    return {reader.name: reader for reader in sorted(found, key=lambda reader: reader.name)}


def reader_of(file: TraceFile, wanted: str | None = None) -> Reader:
    """The format of a file.

    Args:
        file: a file or folder.
        wanted: name of the format, or `package.module` with a READER of one's own; None finds it by content.

    Raises:
        TraceError: no known format fits, or more than one does; says which are known.
    """
    known = known_readers()
    if wanted is not None:
        return known[wanted] if wanted in known else _own(wanted)
    head = file.head()
    fitting = [reader for reader in known.values() if reader.recognises(file, head)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        choices = "; ".join(f"format={reader.name} ({reader.title})" for reader in fitting)
        raise TraceError(f"{file.path}, line 1: more than one format fits; say which: {choices}")
    begins = head[:60].decode("utf-8", errors="replace").split("\n")[0]
    what = "the folder holds none of the known sets of files" if file.is_folder else f"begins with {begins!r}, which no known format does"
    raise TraceError(
        f"{file.path}, line 1: {what}; known are {', '.join(known)}. Say format=NAME, or for a table of one's own format=columns with a map"
    )


def _own(name: str) -> Reader:
    unknown = f"format {name!r} is not known; known are {', '.join(known_readers())}, or the module of a READER of one's own"
    if "." not in name:
        raise TraceError(unknown)
    try:
        reader: Reader = import_module(name).READER
    except (ImportError, AttributeError) as error:
        raise TraceError(f"{unknown} ({error})") from None
    return reader
