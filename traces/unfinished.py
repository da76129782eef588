"""A conversion on its way: the batches so far and how far the reading had come, so that it can go on after any interruption."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traces.errors import TraceError
from traces.reading import delimited, rows
from traces.reading.trace import Reading

if TYPE_CHECKING:
    import pyarrow as pa

BATCHES, STATE = "batches.arrows", "state.json"


class Unfinished:
    """A folder beside the file that is to be written, named `.NAME.unfinished`.

    It holds the checked batches in Arrow's stream format and, after each of them, the length of that file and the state of the checker.
    Whatever was written behind the last state is cut off when the work goes on. The file is read from its start again, since readers know
    what came before, but what was checked is not checked or written again.

    Args:
        out: the file that is to be written.
        reading: not begun yet; it is made to go on where the folder says, if it says so of the same file and the same options.
    """

    def __init__(self, out: Path, reading: Reading) -> None:
        self._folder = out.with_name(f".{out.name}.unfinished")
        self._reading, self._task = reading, _task(reading)
        self._bytes = 0
        state = self._state()
        if state is None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir()
            (self._folder / BATCHES).touch()
        else:
            reading.checker.restore(state["checker"])
            self._bytes = int(state["bytes"])
            os.truncate(self._folder / BATCHES, self._bytes)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read to the end, keeping every batch; then all batches from the first on.

        Raises:
            TraceError: of the reading; then nothing is left to go on from.
        """
        import pyarrow as pa

        try:
            with (self._folder / BATCHES).open("ab") as file:
                for batch in self._reading.batches():
                    if not self._bytes:
                        file.write(batch.schema.serialize())
                    file.write(batch.serialize())
                    file.flush()
                    self._bytes = file.tell()
                    self._note()
        except TraceError:
            self.remove()
            raise
        with pa.OSFile(str(self._folder / BATCHES)) as stream:
            yield from pa.ipc.open_stream(stream)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _note(self) -> None:
        state = {"task": self._task, "bytes": self._bytes, "checker": self._reading.checker.state()}
        written = self._folder / f"{STATE}.new"
        written.write_text(json.dumps(state), encoding="utf-8")
        written.replace(self._folder / STATE)

    def _state(self) -> dict[str, Any] | None:
        """What an earlier attempt at the same task left; None if there is none, or it cannot be used."""
        try:
            state: dict[str, Any] = json.loads((self._folder / STATE).read_text(encoding="utf-8"))
            known = state["task"] == self._task and (self._folder / BATCHES).stat().st_size >= int(state["bytes"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return state if known else None


def _task(reading: Reading) -> dict[str, Any]:
    """What must be the same for the work to go on: the files, as they lie there, and how they are read."""
    path = reading.file.path
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    stamps = [[str(file.absolute()), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    options = json.loads(json.dumps(asdict(reading.options)))
    return {
        "version": [metadata.version("volatile-cloudsim"), delimited.BLOCK_BYTES, rows.ROWS_PER_BLOCK],
        "files": stamps,
        "format": reading.reader.name,
        "options": options,
        "on_bad_row": str(reading.checker.on_bad_row),
    }
