"""AWS Spot Advisor: JSON with spot_advisor[region][os][type] = {"s": saving in %, "r": band of interruption}."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from traces.errors import TraceError
from traces.reading.block import Block, block_of_rows
from traces.reading.faults import Fault
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.rows import BadValue, an_object, read_json, whole
from traces.schemas import ADVICE

NAMES = tuple(column.name for column in ADVICE.columns)


@dataclass(frozen=True, slots=True)
class AwsSpotAdvisor(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its keys; the advice itself may begin far behind the first bytes."""
        start = head.lstrip()
        return start.startswith((b'{"instance_types"', b'{"spot_advisor"')) or (start.startswith(b"{") and b'"spot_advisor"' in head)

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`. Rows have no lines of their own; messages give the place in the document."""
        document = read_json(file)
        advice = document.get("spot_advisor") if isinstance(document, dict) else None
        if not isinstance(advice, dict):
            raise TraceError(f"{file.path}, line 1: spot_advisor must be an object of regions")
        rows: list[dict[str, Any]] = []
        faults: list[Fault] = []
        for region, systems in advice.items():
            for system, types in _items(region, systems, faults):
                for instance, one in _items(f"{region}.{system}", types, faults):
                    try:
                        read = an_object(one)
                        row = {"region": region, "os": system, "instance_type": instance}
                        rows.append(row | {"saving_pct": whole(read, "s"), "band": whole(read, "r")})
                    except BadValue as bad:
                        faults.append(Fault(1, f"spot_advisor.{region}.{system}.{instance}.{bad.column}", bad.found, bad.accepted))
        yield block_of_rows(rows, [1] * len(rows), NAMES, faults)


def _items(where: str, value: Any, faults: list[Fault]) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    faults.append(Fault(1, f"spot_advisor.{where}", f"{value!r}", "a JSON object"))
    return []


READER = AwsSpotAdvisor("aws_spot_advisor", "AWS Spot Advisor: JSON with spot_advisor[region][os][type] = {s, r}", ADVICE)
