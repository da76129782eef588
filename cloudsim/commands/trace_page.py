"""The page that `traces inspect` prints."""

from typing import Any

from rich.console import Console

from cloudsim.commands.tables import print_table, simple_table, table_console
from cloudsim.trace_page.market import correlation_words

HOUR_S = 3600.0
MOST_ZONES = 40


def print_page(document: dict[str, Any]) -> None:
    """Print the document of an inspection for people."""
    console = table_console()
    say(console, f"{document['file']}: {document['rows']:,} rows of {document['kind']}, format {document['format']}")
    if document["data_set"]:
        say(console, f"  {document['data_set']} ({document['licence'] or 'licence not known'})")
    for step in document["conversion"]:
        say(console, f"  - {step}")
    if document["span_s"] is not None:
        say(console, f"  {duration(document['span_s'])}" + (f" from {document['start']}" if document["start"] else ""))
    facts = ", ".join(f"{name} {value:g}" for name, value in document["facts"].items() if isinstance(value, int | float))
    if facts:
        say(console, f"  {facts}")
    for name in ("skipped", "clipped"):
        if document[f"{name}_rows"]:
            say(console, f"  {document[f'{name}_rows']:,} rows {name}")
    if document["kind"] == "requests":
        _requests(console, document)
    elif document["kind"] == "spot":
        _market(console, document)
    else:
        _columns(console, document)
    for problem in document["problems"]:
        say(console, f"  ! {problem}")


def say(console: Console, text: str) -> None:
    """One line, as it is."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """A length of time in a unit that suits it."""
    for unit, size in (("days", 86_400.0), ("hours", HOUR_S), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:g} s"


def _requests(console: Console, found: dict[str, Any]) -> None:
    rates = (
        ("requests/s", found["rate_rps"], ".3g"), ("CV of gaps", found["gap_cv"], ".2f"),
        ("in 10 minutes", found["gap_cv_in_10_min"], ".2f"), ("busiest minute / mean", found["peak_minute_ratio"], ".2f"),
        ("minute to minute", found["minute_autocorrelation"], ".2f"), ("input to output", found["input_output_correlation"], ".2f"),
    )  # fmt: skip
    say(console, "  " + ", ".join(f"{name} {value:{form}}" for name, value, form in rates if value is not None))
    table = simple_table("", ("tokens", "p50", "p90", "p99", "mean", "lognormal mu", "sigma"), 1)
    for name in ("input_tokens", "output_tokens", "reasoning_tokens"):
        if name in found:
            one = found[name]
            levels = (f"{one[level]:,.0f}" for level in ("p50", "p90", "p99", "mean"))
            table.add_row(name, *levels, f"{one['log_mean']:.2f}", f"{one['log_deviation']:.2f}")
    console.print(table)
    if "prefix" in found:
        say(console, f"  prefix blocks: {found['prefix']['blocks']:,}, of which {found['prefix']['reused_share']:.0%} occurred before")
    if "sessions" in found:
        one = found["sessions"]
        say(console, f"  {one['count']:,} conversations of {one['mean_turns']:.1f} turns, at most {one['most_turns']}")
    for name in ("models", "tiers", "tasks"):
        if name in found:
            say(console, f"  {name}: " + ", ".join(f"{label} {count:,}" for label, count in found[name].items()))


def _market(console: Console, found: dict[str, Any]) -> None:
    heads = ("zone", "rows", "up", "instances", "most", "up-run h", "median", "down-run h", "median ", "losses/day", "USD/h")
    table = simple_table("", heads, 1)
    for name, zone in list(found["zones"].items())[:MOST_ZONES]:
        price = zone.get("price_usd_per_h")
        hours = (_number(zone.get(key), 1 / HOUR_S) for key in ("mean_up_s", "median_up_s", "mean_down_s", "median_down_s"))
        table.add_row(
            name, f"{zone['rows']:,}", _number(zone.get("availability"), 1), _number(zone.get("mean_capacity"), 1),
            f"{zone['most_capacity']}" if "most_capacity" in zone else "–", *hours, _number(zone.get("losses_per_day"), 1),
            f"{price['lowest']:.3g}–{price['highest']:.3g}" if price else "–",
        )  # fmt: skip
    print_table(console, table, ("rows", "median ", "median", "most"), "traces inspect --json")
    if len(found["zones"]) > MOST_ZONES:
        say(console, f"  and {len(found['zones']) - MOST_ZONES} more: traces inspect --json")
    if "no_zone_up_share" in found:
        say(console, f"  no zone up {found['no_zone_up_share']:.2%} of the time")
    known = correlation_words(found)
    if known:
        say(console, f"  correlation of two zones: {known}")


def _columns(console: Console, found: dict[str, Any]) -> None:
    table = simple_table("", ("column", "lowest", "p50", "p90", "p99", "highest", "mean"), 1)
    for name, one in found["columns"].items():
        if "mean" in one:
            table.add_row(name, *(f"{one[key]:,.4g}" for key in ("lowest", "p50", "p90", "p99", "highest", "mean")))
    console.print(table)
    for name, one in found["columns"].items():
        if "most" in one:
            most = ", ".join(f"{label} {count:,}" for label, count in list(one["most"].items())[:8])
            say(console, f"  {name}: {one['different']:,} different; {most}")


def _number(value: float | None, factor: float) -> str:
    return "–" if value is None else f"{value * factor:.3g}"
