"""The metrics of summary.json as a reader meets them: name, unit, number format, and which direction is better."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from cloudsim.report import wording

Better = Literal["higher", "lower"] | None
Format = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric.

    `show(value)` prints it with its unit, `show(value, True, mean)` a difference with its sign,
    to the digits of the mean.
    """

    key: str
    label: str
    better: Better
    show: Format


_FIXED = (
    Measure("sla_attainment", "SLA attainment", "higher", wording.percent),
    Measure("quality", "Answer quality", "higher", wording.percent),
    Measure("goodput_rps", "Goodput", "higher", wording.rate),
    Measure("correct_goodput_rps", "Right answers in SLA", "higher", wording.rate),
    Measure("cost_usd", "Cost", "lower", wording.usd),
    Measure("cost_usd_per_1000_met", "Cost per 1,000 in SLA", "lower", wording.usd),
    Measure("energy_kwh", "Energy", "lower", wording.kilowatt_hours),
    Measure("energy_wh_per_met", "Energy per request in SLA", "lower", wording.watt_hours),
    Measure("carbon_kg", "CO2 equivalent", "lower", wording.kilograms),
    Measure("availability", "Availability", "higher", wording.percent),
    Measure("arrived", "Arrived", None, wording.count),
    Measure("completed", "Completed", "higher", wording.count),
    Measure("rejected", "Rejected", "lower", wording.count),
    Measure("lost", "Lost", "lower", wording.count),
    Measure("unfinished", "Unfinished", "lower", wording.count),
    Measure("preemptions", "Nodes preempted", None, wording.count),
    Measure("engine_crashes", "Engine crashes", "lower", wording.count),
    Measure("kv_preemptions", "KV preemptions", "lower", wording.count),
    Measure("retried", "Retried", None, wording.count),
    Measure("migrated", "Migrated", None, wording.count),
    Measure("escalated", "Sent on to another model", None, wording.count),
    Measure("prefix_hit_share", "Prompt tokens from the cache", None, wording.percent),
    Measure("budget_mean", "Mean budget", None, wording.ratio),
    Measure("useful_usd", "Cost: useful", None, wording.usd),
    Measure("idle_usd", "Cost: idle", None, wording.usd),
    Measure("starting_usd", "Cost: starting", None, wording.usd),
    Measure("transfer_usd", "Cost: transfer", None, wording.usd),
    Measure("lost_usd", "Cost: lost", "lower", wording.usd),
    Measure("billed_gpu_s", "GPU time billed", None, wording.gpu_hours),
    Measure("useful_gpu_s", "GPU time: useful", None, wording.gpu_hours),
    Measure("idle_gpu_s", "GPU time: idle", None, wording.gpu_hours),
    Measure("starting_gpu_s", "GPU time: starting", None, wording.gpu_hours),
    Measure("lost_gpu_s", "GPU time: lost", "lower", wording.gpu_hours),
)
_LATENCIES = {"ttft": "TTFT", "tpot": "TPOT", "e2e": "E2E"}
_PERCENTILES = ("p50", "p90", "p99")


def measure(key: str) -> Measure:
    """The measure called `key`; a metric this report has never heard of is shown as a plain number."""
    for fixed in _FIXED:
        if fixed.key == key:
            return fixed
    if key.startswith("sla_attainment_"):
        return Measure(key, f"SLA {key.removeprefix('sla_attainment_')}", "higher", wording.percent)
    name, _, rest = key.partition("_")
    if name in _LATENCIES and rest.removesuffix("_s") in _PERCENTILES:
        return Measure(key, f"{_LATENCIES[name]} {rest.removesuffix('_s')}", "lower", wording.seconds)
    return Measure(key, key.replace("_", " "), None, wording.ratio)


def directed(tiers: Iterable[str]) -> list[str]:
    """The metrics of which more or less is better, with those of each tier."""
    latencies = [f"{name}_{percentile}_s" for name in _LATENCIES for percentile in _PERCENTILES]
    return [*(fixed.key for fixed in _FIXED if fixed.better is not None), *(f"sla_attainment_{tier}" for tier in tiers), *latencies]


def in_order(keys: Iterable[str]) -> list[Measure]:
    """All measures of `keys`: tiers behind the SLA, then money, latencies, counts, and what the report does not know."""
    known = [fixed.key for fixed in _FIXED]
    latencies = [f"{name}_{percentile}_s" for name in _LATENCIES for percentile in _PERCENTILES]
    order = [*known[:6], *latencies, *known[6:]]

    def place(key: str) -> tuple[float, ...]:
        if key in order:
            return (order.index(key),)
        return (0.5,) if key.startswith("sla_attainment_") else (len(order),)

    return [measure(key) for key in sorted(keys, key=place)]


def headline(keys: Iterable[str]) -> list[Measure]:
    """The measures of the verdict table: what the question of the program asks for."""
    wanted = ("sla_attainment", "quality", "correct_goodput_rps", "cost_usd", "cost_usd_per_1000_met", "ttft_p99_s")
    return [m for m in in_order(keys) if m.key in wanted or m.key.startswith("sla_attainment_")]
