"""Files as streams of bytes: plain, gzip or zstd by their extension, read from the start and never as a whole unless asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from traces.errors import TraceError

if TYPE_CHECKING:
    import pyarrow as pa

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
BOM = b"\xef\xbb\xbf"
HEAD_BYTES = 1 << 16
LONGEST_LINE_BYTES = 1 << 24
LARGEST_DOCUMENT_BYTES = 1 << 29


@dataclass(slots=True, eq=False)
class TraceFile:
    """A file, or a folder of files that are one trace.

    Args:
        path: of it.
        read_bytes: how far its reading in chunks has come, in bytes as they lie on the disk.
    """

    path: Path
    read_bytes: int = 0

    @property
    def name(self) -> str:
        """Of the file, without the extension of its compression."""
        return self.path.stem if self.path.suffix in COMPRESSIONS else self.path.name

    @property
    def stem(self) -> str:
        """The name without any extension; what a file that names no zone is called."""
        return Path(self.name).stem

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.path.is_dir()

    @contextmanager
    def stream(self) -> Iterator[tuple[pa.NativeFile, pa.NativeFile]]:
        """Its bytes, decompressed, and the file below them; whatever is wrong with them becomes a `TraceError`."""
        import pyarrow as pa

        packed = COMPRESSIONS.get(self.path.suffix)
        try:
            with pa.OSFile(str(self.path)) as raw, pa.CompressedInputStream(raw, packed) if packed else nullcontext(raw) as stream:
                yield stream, raw
        except OSError as error:
            self._refuse(error)

    def chunks(self, size: int) -> Iterator[tuple[int, bytes]]:
        """About `size` bytes of whole lines at a time, each with the number of its first line, from 1. The BOM of a text is left out.

        Raises:
            TraceError: it cannot be read to its end, or has a line of more than 16 MiB.
        """
        number, rest, first = 1, b"", True
        with self.stream() as (stream, raw):
            while True:
                try:
                    read = stream.read(size)
                except OSError as error:
                    self._refuse(error, number)
                self.read_bytes = raw.tell()
                if first:
                    read, first = read.removeprefix(BOM), False
                if not read:
                    break
                end = read.rfind(b"\n") + 1
                if end:
                    whole = rest + read[:end]
                    yield number, whole
                    number, rest = number + whole.count(b"\n"), read[end:]
                else:
                    rest += read
                if len(rest) > LONGEST_LINE_BYTES:
                    raise TraceError(f"{self.path}, line {number}: longer than {LONGEST_LINE_BYTES >> 20} MiB; not a trace")
        if rest:
            yield number, rest

    def share_read(self) -> float:
        """How much of it has been read, in [0, 1]; 0 where it is not read in chunks."""
        size = 0 if self.is_folder else self.path.stat().st_size
        return min(self.read_bytes / size, 1.0) if size else 0.0

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Its lines that are not empty, each with its number from 1; without line ends."""
        for first, text in self.chunks(1 << 20):
            for number, line in enumerate(text.split(b"\n"), first):
                if line.strip():
                    yield number, line.rstrip(b"\r")

    def text(self) -> str:
        """All of it; for documents that cannot be read in parts.

        Raises:
            TraceError: it is larger than 512 MiB, or not UTF-8.
        """
        with self.stream() as (stream, _):
            content = stream.read(LARGEST_DOCUMENT_BYTES + 1)
        if len(content) > LARGEST_DOCUMENT_BYTES:
            raise TraceError(f"{self.path}, line 1: a document of more than {LARGEST_DOCUMENT_BYTES >> 20} MiB cannot be read as a whole")
        try:
            return bytes(content).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = bytes(content[: error.start]).count(b"\n") + 1
            raise TraceError(f"{self.path}, line {line}: not UTF-8 text (byte {error.start})") from None

    def head(self) -> bytes:
        """Its first bytes, decompressed, up to 64 KiB; of a folder none.

        Raises:
            TraceError: it does not exist, is empty, or cannot be read.
        """
        if self.is_folder:
            return b""
        if not self.path.exists():
            raise TraceError(f"{self.path} does not exist; give the path of a trace file")
        with self.stream() as (stream, _):
            content = bytes(stream.read(HEAD_BYTES))
        if not content.strip():
            raise TraceError(f"{self.path}, line 1: the file is empty")
        return content

    def _refuse(self, error: Exception, line: int = 1) -> NoReturn:
        reason = " ".join(str(error).split())
        if isinstance(error, PermissionError):
            raise TraceError(f"{self.path} cannot be read: no permission") from None
        raise TraceError(f"{self.path}, line {line}: cannot be read ({reason}); damaged or cut off? get the file again") from None
