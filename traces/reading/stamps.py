"""Time stamps of trace files: `2023-11-16 18:15:46.6805900`, up to nine decimals, naive or with a zone, mixed freely.

Naive stamps are read as UTC. A fast reading of whole columns, and a slow one of a single stamp that the fast one falls back on.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from traces.tables import Ints

if TYPE_CHECKING:
    import pyarrow as pa

STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?", re.ASCII)
ACCEPTED = "a time stamp like 2023-11-16 18:15:46.6805900, without a zone (read as UTC), with Z or with an offset like +02:00"
NANOSECONDS = 10**9


def nanoseconds(stamps: pa.StringArray) -> Ints:
    """Nanoseconds since 1970 of each stamp; shape as `stamps`.

    Raises:
        pyarrow.ArrowInvalid: a stamp cannot be read, or one is zoned otherwise than in UTC.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    zoned = pc.or_(pc.ends_with(stamps, "+00:00"), pc.ends_with(stamps, "Z"))
    if pc.any(zoned).as_py():
        stamps = pc.replace_substring_regex(stamps, r"(\+00:00|Z)$", "")
    return np.asarray(stamps.cast(pa.timestamp("ns")).cast(pa.int64()))


def nanosecond(text: str) -> int | None:
    """Nanoseconds since 1970 of one stamp, or None if it is not one."""
    match = STAMP.fullmatch(text)
    if not match:
        return None
    zone = "+00:00" if match[4] in (None, "Z") else match[4]
    try:
        seconds = datetime.fromisoformat(f"{match[1]} {match[2]}{zone}").timestamp()
    except (ValueError, OverflowError):
        return None
    value = int(seconds) * NANOSECONDS + int((match[3] or "").ljust(9, "0"))
    return value if abs(value) < 2**63 else None


def iso(nanoseconds_since_1970: int) -> str:
    """A stamp in ISO 8601, in UTC, without decimals that are zero."""
    seconds, rest = divmod(nanoseconds_since_1970, NANOSECONDS)
    decimals = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{decimals}Z"
