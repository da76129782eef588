"""AWS spot price history, as `aws ec2 describe-spot-price-history` writes it: JSON with SpotPriceHistory, change points, newest first.

Prices are texts. Instances of another product than Linux/UNIX are of a type of their own, such as "p3.2xlarge (Windows)".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Any

from traces.errors import TraceError
from traces.reading.block import Block, block_of_rows
from traces.reading.cells import Number
from traces.reading.faults import Fault
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.rows import BadValue, an_object, read_json, text
from traces.reading.stamps import ACCEPTED, NANOSECONDS, iso, nanosecond
from traces.schemas import SPOT

NAMES = ("zone", "instance_type", "time_s", "capacity", "price_usd_per_h")
KEY = "SpotPriceHistory"
PLAIN = "Linux/UNIX"


@dataclass(frozen=True, slots=True)
class AwsPriceHistory(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its key."""
        return head.lstrip().startswith(b"{") and b'"SpotPriceHistory"' in head

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`. Rows have no lines of their own; messages give the place in the list."""
        document = read_json(file)
        listed = document.get(KEY) if isinstance(document, dict) else None
        if not isinstance(listed, list):
            raise TraceError(f"{file.path}, line 1: {KEY} must be a list")
        rows: list[dict[str, Any]] = []
        faults: list[Fault] = []
        for at, entry in enumerate(listed):
            try:
                rows.append(_row(entry))
            except BadValue as bad:
                faults.append(Fault(1, f"{KEY}[{at}].{bad.column}", bad.found, bad.accepted))
        # One change may be listed by two pages of the API; only what differs is a contradiction.
        rows = list({(row["zone"], row["instance_type"], row["time"], row["price_usd_per_h"]): row for row in rows}.values())
        rows.sort(key=lambda row: (row["zone"], row["instance_type"], row["time"]))
        first = min((row["time"] for row in rows), default=0)
        if rows:
            notes.start = iso(first)
        for row in rows:
            row["time_s"] = (row["time"] - first) / NANOSECONDS
        yield block_of_rows(rows, [1] * len(rows), NAMES, faults)


def _row(entry: Any) -> dict[str, Any]:
    read = an_object(entry)
    stamp, price = text(read, "Timestamp"), text(read, "SpotPrice")
    time, usd = nanosecond(stamp), Number().value(price)
    if time is None:
        raise BadValue("Timestamp", stamp, ACCEPTED)
    if usd is None:
        raise BadValue("SpotPrice", price, "a price as text, such as 0.087")
    product = text(read, "ProductDescription", PLAIN)
    instance = text(read, "InstanceType") + ("" if product == PLAIN else f" ({product})")
    return {"zone": text(read, "AvailabilityZone"), "instance_type": instance, "time": time, "capacity": nan, "price_usd_per_h": usd}


READER = AwsPriceHistory("aws_price_history", 'AWS spot price history: JSON {"SpotPriceHistory": [...]}, newest first', SPOT)
