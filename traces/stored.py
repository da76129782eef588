"""Tables in Parquet files, with what they are of and where they come from in the metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traces.errors import TraceError

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"PAR1"
KEY = b"cloudsim.trace"
VERSION = 1
ROW_GROUP = 1 << 20


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a stored table.

    Args:
        kind: of the table; see `traces.schemas`.
        format: of the file it was made from.
        source: title of the data set, or the name of the file.
        licence: of the data set, or None where it is not known.
        sha256: by the name of each file that was read.
        start: absolute time of second 0 in ISO 8601 and UTC, or None.
        facts: what the format states besides, such as the tokens of a prefix block.
        conversion: what was done to the rows, one step each: options, rows left out, transformations.
    """

    kind: str
    format: str
    source: str
    licence: str | None = None
    sha256: dict[str, str] = field(default_factory=dict)
    start: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    conversion: list[str] = field(default_factory=list)


def write_table(path: Path, batches: Iterable[pa.RecordBatch], about: Callable[[], About]) -> int:
    """Write batches to a Parquet file, which appears under its name only when it is whole, and return the number of rows.

    Args:
        path: of the file; it must not exist.
        batches: at least one; all of one schema.
        about: asked for after the last batch, when what was read is known.
    """
    from pyarrow import parquet

    unfinished = path.with_name(f".{path.name}.part")
    rows, writer = 0, None
    try:
        for batch in batches:
            if writer is None:
                writer = parquet.ParquetWriter(unfinished, batch.schema, compression="zstd")
            writer.write_batch(batch, row_group_size=ROW_GROUP)
            rows += len(batch)
        if writer is None:
            raise TraceError(f"{path}: there are no rows to write")
        writer.add_key_value_metadata({KEY: json.dumps({"version": VERSION, **asdict(about())}).encode()})
        writer.close()
        unfinished.replace(path)
    finally:
        if writer is not None and writer.is_open:
            writer.close()
        unfinished.unlink(missing_ok=True)
    return rows


def stored_about(path: Path) -> About | None:
    """What a table says of itself; None if the file is not one of ours.

    Raises:
        TraceError: it was written by a newer version, or its metadata is damaged.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        metadata = parquet.read_metadata(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise TraceError(f"{path}, line 1: is no whole Parquet file ({' '.join(str(error).split())})") from None
    if KEY not in metadata:
        return None
    try:
        stated = json.loads(metadata[KEY])
        version = stated.pop("version")
        if version != VERSION:
            raise TraceError(f"{path}, line 1: was written as version {version}; this program reads version {VERSION}: update it")
        return About(**stated)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TraceError(f"{path}, line 1: its metadata is damaged ({error}); convert the original again") from None
