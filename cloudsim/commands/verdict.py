"""The tables a run prints when it is done: every metric for every contender, and the paired differences to the first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from cloudsim.commands.tables import table_console


class Row(NamedTuple):
    """How a metric is shown: title with its unit, factor from the unit of summary.json, decimals."""

    metric: str
    title: str
    factor: float = 1.0
    decimals: int = 2


LATENCIES = tuple(
    Row(f"{kind}_p{level}_s", f"{kind.upper()} p{level}, {unit}", factor, decimals)
    for kind, unit, factor, decimals in (("ttft", "s", 1, 2), ("tpot", "ms", 1000, 1), ("e2e", "s", 1, 2))
    for level in (50, 90, 99)
)
COST = (Row("cost_usd", "cost, USD"), Row("cost_usd_per_1000_met", "cost per 1,000 in SLA, USD", decimals=3))
ENERGY = (
    Row("energy_kwh", "energy, kWh"),
    Row("energy_wh_per_met", "energy per request in SLA, Wh", decimals=3),
    Row("carbon_kg", "CO2 equivalent, kg"),
)
COUNTS = ("preemptions", "kv_preemptions", "engine_crashes", "rejected", "lost", "unfinished", "retried")
QUALITY = Row("quality", "right answers, %", 100)
GOODPUT = Row("goodput_rps", "goodput, requests/s")
CORRECT_GOODPUT = Row("correct_goodput_rps", "right answers in SLA, 1/s")


def show(summary: Mapping[str, Any], report: Path, console: Console | None = None) -> None:
    """Print the verdict of one run and where its report is."""
    console = console or table_console()
    contenders = summary["contenders"]
    rows = _rows(next(iter(contenders.values())))
    seeds = len(next(iter(contenders.values()))["arrived"]["seeds"])
    title = f"mean of {seeds} seeds ± half of its 95 % interval" if seeds > 1 else "one seed: no confidence interval"
    console.print(_table(title, rows, {name: {row.metric: metrics[row.metric] for row in rows} for name, metrics in contenders.items()}))
    others = {name: {row.metric: metrics[row.metric]["difference"] for row in rows} for name, metrics in contenders.items()}
    others.pop(summary["reference"])
    if others:
        console.print(_table(f"difference to {summary['reference']}, paired by seed", rows, others, signed=True))
    console.print(f"report: {report}", highlight=False, soft_wrap=True)


def show_jobs(jobs: Sequence[tuple[str, Mapping[str, Any]]], console: Console | None = None) -> None:
    """Print one table over the jobs of a sweep: (what tells the job from the others, its record)."""
    console = console or table_console()
    rows = [Row("sla_attainment", "in SLA, %", 100), GOODPUT, QUALITY, CORRECT_GOODPUT, *COST]
    table = Table(title="mean over seeds ± half of its 95 % interval")
    for heading in ("job", "overrides", "contender"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_column(row.title, justify="right")
    for label, record in jobs:
        if "problems" in record:
            table.add_row(str(record["job"]), label, "failed", *("-" for _ in rows))
            continue
        for name, metrics in record["contenders"].items():
            table.add_row(str(record["job"]), label, name, *(_cell(row, metrics[row.metric]) for row in rows))
    console.print(table)
    for _, record in jobs:
        if "run" in record:
            console.print(f"job {record['job']}: {record['run']}", highlight=False, soft_wrap=True)


def _rows(metrics: Mapping[str, Any]) -> list[Row]:
    tiers = [name for name in metrics if name.startswith("sla_attainment_")]
    return [
        Row("sla_attainment", "in SLA, %", 100),
        *(Row(name, f"in SLA, {name.removeprefix('sla_attainment_')}, %", 100) for name in tiers),
        GOODPUT,
        QUALITY,
        CORRECT_GOODPUT,
        *COST,
        *ENERGY,
        *LATENCIES,
        *(Row(name, name, decimals=1) for name in COUNTS),
    ]


def _table(title: str, rows: Sequence[Row], cells: Mapping[str, Mapping[str, Any]], signed: bool = False) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in cells:
        table.add_column(name, justify="right", overflow="fold")
    for row in rows:
        table.add_row(row.title, *(_cell(row, metrics[row.metric], signed) for metrics in cells.values()))
    return table


def _cell(row: Row, entry: Mapping[str, Any], signed: bool = False) -> str:
    if entry["mean"] is None:
        return "-"
    mean = f"{entry['mean'] * row.factor:{'+' if signed else ''},.{row.decimals}f}"
    if entry["ci95"] is None:
        return mean
    half = (entry["ci95"][1] - entry["ci95"][0]) / 2 * row.factor
    return f"{mean} ± {half:,.{row.decimals}f}"
