"""The kinds of table that trace files become: their columns with units and limits, as Arrow and as pandera schemas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandera.pandas as pandera
    import pyarrow as pa

MOST_TOKENS = 10_000_000
MOST_INSTANCES = 1_000_000
LONGEST_S = 1e10


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Args:
        name: with its unit.
        type: of its values, as Arrow calls it; `list<…>` for lists.
        meaning: what it says, for documentation.
        needed: whether every table has it; another is there where the file has it.
        nullable: whether a row may lack it.
        lowest, highest: limits of a number, both allowed.
    """

    name: str
    type: str
    meaning: str
    needed: bool = True
    nullable: bool = False
    lowest: float | None = None
    highest: float | None = None

    @property
    def numeric(self) -> bool:
        """Whether limits can apply."""
        return self.type in ("int64", "float64")

    @property
    def accepted(self) -> str:
        """What a value may be, for a message."""
        what = {"int64": "a whole number", "float64": "a number", "string": "a text", "bool": "true or false"}.get(self.type, "a list")
        if self.lowest is None:
            return what
        return f"{what}, at least {self.lowest:g}" + (f" and at most {self.highest:g}" if self.highest is not None else "")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a table is of.

    Args:
        name: as `traces inspect` says it.
        columns: in the order of the table.
        time: the column by which rows are sorted; None if they have no order.
        groups: columns whose values name series of their own, each sorted by itself.
        distinct: whether two rows of a series may not have the same time.
    """

    name: str
    columns: tuple[Column, ...]
    time: str | None = None
    groups: tuple[str, ...] = ()
    distinct: bool = False

    def column(self, name: str) -> Column:
        """The column of that name; `KeyError` if there is none."""
        return {column.name: column for column in self.columns}[name]


def _time(name: str, meaning: str) -> Column:
    return Column(name, "float64", meaning, lowest=0.0, highest=LONGEST_S)


def _tokens(name: str, meaning: str, lowest: int = 1, needed: bool = True) -> Column:
    return Column(name, "int64", meaning, needed=needed, nullable=not needed, lowest=lowest, highest=MOST_TOKENS)


def _optional(name: str, kind: str, meaning: str, lowest: float | None = None, highest: float | None = None) -> Column:
    return Column(name, kind, meaning, False, True, lowest, highest)


REQUESTS = Kind(
    "requests",
    (
        _time("arrival_s", "seconds since the start of the trace"),
        _tokens("input_tokens", "prompt"),
        _tokens("output_tokens", "answer, reasoning included"),
        _tokens("reasoning_tokens", "of the answer, those that are reasoning", 0, False),
        _optional("tier", "string", "class of the user"),
        _optional("task", "string", "what is asked"),
        _optional("difficulty", "float64", "of the question", 0, 1),
        _optional("session_id", "string", "conversation it belongs to"),
        _optional("turn", "int64", "of the conversation, from 1", 0, 1e6),
        _optional("prefix_blocks", "list<int64>", "hashes of the prompt's blocks; equal ones can share KV"),
        _optional("model", "string", "that answered"),
        _optional("images", "int64", "in the prompt", 0, 1e6),
    ),
    time="arrival_s",
)
SPOT = Kind(
    "spot",
    (
        Column("zone", "string", "the provider's name, such as us-east-1a; a region where the file knows no zones"),
        Column("instance_type", "string", "of the instances; empty if the file does not say"),
        _time("time_s", "seconds since the start of the trace; a row holds until the next one of its zone and type"),
        Column("capacity", "int64", "instances that may run", nullable=True, lowest=0, highest=MOST_INSTANCES),
        Column("price_usd_per_h", "float64", "spot price of one instance", nullable=True, lowest=0, highest=1e5),
        _optional("on_demand_usd_per_h", "float64", "price of an instance that stays", 0, 1e5),
        _optional("added", "list<string>", "nodes that came at this time"),
        _optional("removed", "list<string>", "nodes that went at this time"),
    ),
    time="time_s",
    groups=("zone", "instance_type"),
    distinct=True,
)
PROBES = Kind(
    "probes",
    (
        _time("time_s", "seconds since the start of the trace"),
        Column("zone", "string", "in which instances were asked for"),
        Column("requested", "int64", "instances asked for", lowest=0, highest=MOST_INSTANCES),
        Column("created", "int64", "instances granted", lowest=0, highest=MOST_INSTANCES),
        Column("capacity_exhausted", "bool", "whether the provider said that it has no more"),
    ),
    time="time_s",
    groups=("zone",),
)
LIFETIMES = Kind(
    "lifetimes",
    (
        Column("vm", "string", "name of the instance"),
        Column("zone", "string", "in which it ran"),
        Column("machine_type", "string", "of the instance"),
        _time("started_s", "seconds since the first start"),
        Column("lifetime_s", "float64", "seconds until it was taken or stopped", lowest=0, highest=LONGEST_S),
    ),
)
ADVICE = Kind(
    "advice",
    (
        Column("region", "string", "of the provider"),
        Column("os", "string", "operating system"),
        Column("instance_type", "string", "of the instance"),
        Column("saving_pct", "int64", "below the on-demand price; negative where spot costs more", lowest=-1000, highest=100),
        Column(
            "band", "int64", "0 to 4: interrupted less than 5, 5 to 10, 10 to 15, 15 to 20, more than 20 % a month", lowest=0, highest=4
        ),
    ),
)
CLIENTS = Kind(
    "clients",
    (
        Column("client", "string", "one of the clients that make up the traffic"),
        _time("window_start_s", "seconds since the start of the trace; a row holds until the client's next one"),
        Column("rate_rps", "float64", "requests a second", lowest=0, highest=1e6),
        Column("cv", "float64", "standard deviation of the gaps over their mean", nullable=True, lowest=0, highest=1e6),
        Column("gaps", "string", "distribution of the gaps: Gamma or Weibull; empty where none arrive", nullable=True),
        Column("shape", "float64", "of that distribution", nullable=True, lowest=0, highest=1e9),
        Column("scale", "float64", "of that distribution, in seconds as the file has it", nullable=True, lowest=0, highest=1e12),
        _optional("input_tokens", "list<int64>", "prompt lengths that occur"),
        _optional("input_share", "list<float64>", "how often, summing to 1"),
        _optional("output_tokens", "list<int64>", "answer lengths that occur, reasoning included"),
        _optional("output_share", "list<float64>", "how often, summing to 1"),
    ),
    time="window_start_s",
    groups=("client",),
    distinct=True,
)
KINDS = {kind.name: kind for kind in (REQUESTS, SPOT, PROBES, LIFETIMES, ADVICE, CLIENTS)}


def arrow_schema(kind: Kind, present: frozenset[str]) -> pa.Schema:
    """The Arrow schema of a table that has the needed columns and those of `present`."""
    import pyarrow as pa

    types = {
        "int64": pa.int64(), "float64": pa.float64(), "string": pa.string(), "bool": pa.bool_(),
        "list<int64>": pa.list_(pa.int64()), "list<float64>": pa.list_(pa.float64()), "list<string>": pa.list_(pa.string()),
    }  # fmt: skip
    return pa.schema(
        [
            pa.field(column.name, types[column.type], nullable=column.nullable)
            for column in kind.columns
            if column.needed or column.name in present
        ]
    )


@lru_cache
def limits_schema(kind: Kind) -> pandera.DataFrameSchema:
    """Limits of the numeric columns. Nulls are NaN here and pass only where the column is nullable."""
    import pandera.pandas as pandera

    def checks(column: Column) -> list[pandera.Check]:
        return [] if column.lowest is None else [pandera.Check.in_range(column.lowest, column.highest)]

    return pandera.DataFrameSchema(
        {
            column.name: pandera.Column(None, checks(column), nullable=column.nullable, required=False)
            for column in kind.columns
            if column.numeric
        }
    )
