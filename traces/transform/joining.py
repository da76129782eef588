"""Several traces made one: one after the other, at the same time, or the prices of one laid over the capacities of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from traces.errors import TraceError
from traces.regions import region_of
from traces.schemas import REQUESTS, SPOT
from traces.stored import About
from traces.transform.stored_trace import StoredTrace, of_kind


def concatenate(traces: Sequence[StoredTrace]) -> StoredTrace:
    """Requests of each trace after those of the one before, with its mean gap between them.

    Raises:
        TraceError: there are fewer than two, or one is not of requests.
    """
    _check(traces)
    shifted, begin_s = [], 0.0
    for trace in traces:
        times = np.asarray(trace.table.column("arrival_s"))
        shifted.append(trace.with_column("arrival_s", times - times[0] + begin_s))
        begin_s += float(times[-1] - times[0]) * (len(times) / (len(times) - 1) if len(times) > 1 else 1.0)
    return _joined(traces, shifted, "one after the other", sort=False)


def superpose(traces: Sequence[StoredTrace]) -> StoredTrace:
    """Requests of all traces at the same time.

    Raises:
        TraceError: there are fewer than two, or one is not of requests.
    """
    _check(traces)
    return _joined(traces, [trace.table for trace in traces], "at the same time", sort=True)


def shift(trace: StoredTrace, seconds: float) -> StoredTrace:
    """Requests that arrive later by some seconds, for a trace that is to be joined with another.

    Raises:
        TraceError: the first one would arrive before second 0.
    """
    of_kind(trace, REQUESTS)
    times = np.asarray(trace.table.column("arrival_s")) + seconds
    if not np.isfinite(seconds) or times[0] < 0:
        raise TraceError(f"{trace.about.source}: a shift by {seconds:g} s would let the first request arrive at second {times[0]:g}")
    return trace.changed(trace.with_column("arrival_s", times), f"shifted by {seconds:g} s")


def overlay(market: StoredTrace, prices: StoredTrace, instance_type: str | None = None) -> StoredTrace:
    """Capacities of one market with the prices, and the instance type, of another.

    A zone takes the prices of the zone of its name, else of its region; both traces begin at second 0.

    Args:
        market: with capacities.
        prices: with prices; of one instance type, or `instance_type` says which.
        instance_type: of the prices.

    Raises:
        TraceError: there are no capacities, no prices, several types to choose from, or zones without prices.
    """
    import pandas as pd

    of_kind(market, SPOT)
    of_kind(prices, SPOT)
    states, priced = market.table.to_pandas(), prices.table.to_pandas()
    types = sorted(set(priced["instance_type"]))
    if instance_type is not None:
        priced = priced[priced["instance_type"] == instance_type]
    elif len(types) > 1:
        raise TraceError(f"{prices.about.source} has the instance types {', '.join(types[:40])}; say which")
    priced = priced[priced["price_usd_per_h"].notna()]
    if states["capacity"].isna().any() or not len(priced):
        raise TraceError(
            f"{market.about.source} needs capacities and {prices.about.source} prices" + f" of {instance_type}" * bool(instance_type)
        )
    by_zone = dict(iter(priced.groupby("zone")))
    missing = sorted({zone for zone in states["zone"] if zone not in by_zone and region_of(zone) not in by_zone})
    if missing:
        raise TraceError(f"{prices.about.source} has no prices of {', '.join(missing)} or their regions; it has {', '.join(by_zone)}")
    parts = []
    for (zone, _), rows in states.groupby(["zone", "instance_type"], sort=False):
        parts.append(_priced(rows, by_zone.get(zone, by_zone.get(region_of(zone))), instance_type or types[0]))
    step = f"prices of {prices.about.source}" + (f", {instance_type}" if instance_type else "")
    table = market.of_frame(pd.concat(parts, ignore_index=True))
    about = replace(market.about, sha256=market.about.sha256 | prices.about.sha256)
    return StoredTrace(market.table, about).changed(table, step)


def _priced(rows: Any, prices: Any, instance_type: str) -> Any:
    """Rows of a zone, with a row at each change of a price besides its own."""
    own, changes = rows["time_s"].to_numpy(), prices["time_s"].to_numpy()
    times = np.union1d(own, changes[1:][(changes[1:] > own[0]) & (changes[1:] < own[-1])])
    held = rows.iloc[np.searchsorted(own, times, side="right") - 1].copy()
    for name in ("added", "removed"):
        if name in held:
            held[name] = [nodes if at in set(own) else [] for at, nodes in zip(times, held[name], strict=True)]
    # Before the first known price the first one holds.
    place = np.maximum(np.searchsorted(changes, times, side="right") - 1, 0)
    return held.assign(time_s=times, price_usd_per_h=prices["price_usd_per_h"].to_numpy()[place], instance_type=instance_type)


def _check(traces: Sequence[StoredTrace]) -> None:
    if len(traces) < 2:
        raise TraceError("to join traces takes at least two of them")
    for trace in traces:
        of_kind(trace, REQUESTS)


def _joined(traces: Sequence[StoredTrace], tables: Sequence[Any], how: str, sort: bool) -> StoredTrace:
    import pyarrow as pa

    # A column that one of them lacks is empty in its rows.
    table = pa.concat_tables(tables, promote_options="default")
    order = [column.name for column in REQUESTS.columns if column.name in table.column_names]
    table = table.select(order)
    if sort:
        table = table.take(pa.array(np.argsort(np.asarray(table.column("arrival_s")), kind="stable")))
    sources = [trace.about.source for trace in traces]
    licences = list(dict.fromkeys(trace.about.licence or "not known" for trace in traces))
    steps = [f"{trace.about.source}: {step}" for trace in traces for step in trace.about.conversion]
    digests = {f"{trace.about.source}/{name}": digest for trace in traces for name, digest in trace.about.sha256.items()}
    facts = {key: value for key, value in traces[0].about.facts.items() if all(trace.about.facts.get(key) == value for trace in traces)}
    about = About("requests", "table", " + ".join(sources), ", ".join(licences), digests, None, facts, [*steps, f"joined {how}"])
    return StoredTrace(table, about)
