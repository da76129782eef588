"""Time stamps of trace files: `2023-11-16 18:15:46.6805900`, up to nine decimals, naive or with `+00:00` or `Z`, mixed freely.

Naive stamps are read as UTC; only differences between stamps matter.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from traces.tables import Ints

if TYPE_CHECKING:
    import pyarrow as pa

STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?")
ACCEPTED = "a time stamp like 2023-11-16 18:15:46.6805900, without a zone or in UTC"


def nanoseconds(stamps: pa.StringArray) -> Ints:
    """Nanoseconds since 1970 of each stamp; shape as `stamps`.

    Raises:
        pyarrow.ArrowInvalid: a stamp cannot be read.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    zoned = pc.or_(pc.ends_with(stamps, "+00:00"), pc.ends_with(stamps, "Z"))
    if pc.any(zoned).as_py():
        stamps = pc.replace_substring_regex(stamps, r"(\+00:00|Z)$", "")
    return np.asarray(stamps.cast(pa.timestamp("ns")).cast(pa.int64()))


def nanosecond(text: str) -> int | None:
    """Nanoseconds since 1970 of one stamp, or None if it is not one. Slow; used to say what is wrong with a file."""
    match = STAMP.fullmatch(text)
    if not match:
        return None
    try:
        seconds = datetime.fromisoformat(f"{match[1]} {match[2]}").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return int(seconds) * 10**9 + int((match[3] or "").ljust(9, "0"))
