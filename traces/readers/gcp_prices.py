"""Price changes of GPU machines on GCP: CSV with timestamp, machine_type, region, on_demand_usd_per_hour, spot_usd_per_hour.

Stamps carry an offset. A row holds until the next one of its machine type and region. The file knows regions and no capacity.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from traces.reading.block import Block
from traces.reading.cells import Cell, Number, Stamp, Text
from traces.reading.clock import Clock
from traces.reading.delimited import has_columns, read_delimited
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.renamed import renamed
from traces.schemas import SPOT

TIME, MACHINE, REGION = "timestamp", "machine_type", "region"
ON_DEMAND, SPOT_PRICE = "on_demand_usd_per_hour", "spot_usd_per_hour"
CELLS: dict[str, Cell] = {
    TIME: Stamp(), MACHINE: Text(), REGION: Text(), ON_DEMAND: Number(empty=True), SPOT_PRICE: Number(empty=True)
}  # fmt: skip
NAMED = {
    "zone": REGION, "instance_type": MACHINE, "time_s": TIME, "price_usd_per_h": SPOT_PRICE, "on_demand_usd_per_h": ON_DEMAND
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class GcpPrices(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its column names."""
        return has_columns(head, *CELLS)

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        clock = Clock(notes)
        for block in read_delimited(file, CELLS):
            yield renamed(block, NAMED, time_s=clock.seconds(block.columns[TIME]), capacity=np.full(len(block), np.nan))


READER = GcpPrices("gcp_prices", "GCP price changes: CSV with timestamp,machine_type,region,on_demand_usd_per_hour,spot_usd_per_hour", SPOT)
