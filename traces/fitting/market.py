"""A generator of a spot market fitted to a trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from traces.errors import TraceError
from traces.fitting.correlated_zones import fit_correlated
from traces.fitting.prices import price_motion, price_range
from traces.fitting.slot_zones import fit_slots
from traces.fitting.zone_record import ZoneRecord
from traces.generators.slots import SlotMarket
from traces.generators.zones import CorrelatedZones
from traces.provenance import Provenance

Market = CorrelatedZones | SlotMarket


@dataclass(frozen=True, slots=True)
class FittedMarket:
    """A generator, and what the trace could not tell."""

    market: Market
    remarks: tuple[str, ...]


def fit_market(records: Sequence[ZoneRecord], name: str, origin: str, price_usd_per_h: float | None = None) -> FittedMarket:
    """The market of a trace.

    Several zones that are up or down become `CorrelatedZones`, which have the availability, mean up-run and mean correlations of the
    trace. One such zone, or zones of several instances, become a `SlotMarket` with the durations, bursts and shocks of the trace.

    Args:
        records: of its zones.
        name, origin: of the generator.
        price_usd_per_h: where the trace has no prices.

    Raises:
        TraceError: nothing ever changes, or there are no prices.
    """
    if not any(len(np.unique(record.capacity)) > 1 for record in records):
        raise TraceError(f"{name}: no capacity ever changes, so there is nothing to fit")
    stated = {"name": name, "provenance": Provenance.PROJECTED, "origin": origin, **price_motion(records)}
    prices = {record.zone: {"region": record.region} | price_range(record, price_usd_per_h) for record in records}
    if len(records) > 1 and max(int(record.capacity.max()) for record in records) == 1:
        found = fit_correlated(records, stated, prices)
        if found is not None:
            return FittedMarket(*found)
        why = "their runs and correlations cannot be had together; the correlation of zones is not made"
        return FittedMarket(fit_slots(records, stated, prices), (why,))
    return FittedMarket(fit_slots(records, stated, prices), ())


def parameters(market: Market) -> dict[str, float]:
    """The numbers of a market that a fit estimates, by their keys."""
    found: dict[str, float] = {}
    for name, zone in market.zones.items():
        for key, value in zone.model_dump().items():
            if isinstance(value, dict):
                found |= {f"zones.{name}.{key}.{part}": float(one) for part, one in value.items() if part != "kind"}
            elif key in ("availability", "mean_up_h"):
                found[f"zones.{name}.{key}"] = float(value)
            elif key == "bursts" and len(value) > 1:
                found |= {f"zones.{name}.bursts.{at}": float(share) for at, share in enumerate(value)}
    if isinstance(market, CorrelatedZones):
        found |= {key: getattr(market, key) for key in ("within_region_correlation", "across_region_correlation")}
    elif market.shocks is not None:
        found |= {"shocks.per_day": market.shocks.per_day, "shocks.share": market.shocks.share}
    return found
