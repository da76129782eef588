"""Series of values at given times, turned into the change points a `ZoneSeries` holds."""

import numpy as np

from traces.tables import Floats, Ints, ZoneSeries


def change_points(
    zone: str, region: str, capacity_time_s: Floats, capacity: Ints, price_time_s: Floats, price_usd_per_h: Floats, span_s: float
) -> ZoneSeries:
    """One zone's series over [0, `span_s`), with a row only where its capacity or price changes.

    Args:
        zone: name of the zone.
        region: name of its region.
        capacity_time_s: strictly increasing, the first at most 0. Shape (k,).
        capacity: holds from each of these times. Shape (k,).
        price_time_s: strictly increasing, the first at most 0. Shape (m,).
        price_usd_per_h: holds from each of these times. Shape (m,).
        span_s: end of the series, above 0.
    """
    time_s = np.union1d(capacity_time_s, price_time_s)
    time_s = np.concatenate(([0.0], time_s[(time_s > 0) & (time_s < span_s)]))
    held = capacity[np.searchsorted(capacity_time_s, time_s, side="right") - 1]
    price = price_usd_per_h[np.searchsorted(price_time_s, time_s, side="right") - 1]
    changed = np.concatenate(([True], (np.diff(held) != 0) | (np.diff(price) != 0)))
    return ZoneSeries(zone, region, time_s[changed], held[changed], price[changed])
