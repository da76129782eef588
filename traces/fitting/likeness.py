"""How sure the numbers of a fitted generator are, and how like the trace is what it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

Table = TypeVar("Table")
Z = 1.96


@dataclass(frozen=True, slots=True)
class Interval:
    """A number and its 95 % interval, None where it cannot be told."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Likeness:
    """What tables made by a fitted generator say of it.

    Args:
        parameters: the fitted numbers. Their intervals come from fitting each of the tables in the same way (a parametric bootstrap;
            Efron & Tibshirani 1993, section 6.5): 1.96 standard deviations to each side.
        statistics: of the trace, with the lowest and the highest of the tables.
    """

    parameters: dict[str, Interval]
    statistics: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class Measures(Generic[Table]):
    """How a table is looked at.

    Args:
        parameters: a fit's numbers by name; None where the table cannot be fitted.
        statistics: an inspection's figures, nested.
    """

    parameters: Callable[[Table], Mapping[str, float] | None]
    statistics: Callable[[Table], Mapping[str, Any]]


def likeness(fitted: Mapping[str, float], trace: Mapping[str, Any], made: Iterator[Table], measures: Measures[Table]) -> Likeness:
    """Fit and inspect every table that was made.

    Args:
        fitted: numbers of the generator.
        trace: figures of the trace.
        made: tables of the generator, as long as the trace.
        measures: how they are looked at.
    """
    again: dict[str, list[float]] = {key: [] for key in fitted}
    known = numbers(trace)
    seen: dict[str, list[float]] = {key: [] for key in known}
    tables = 0
    for table in made:
        tables += 1
        for values, kept in ((measures.parameters(table) or {}, again), (numbers(measures.statistics(table)), seen)):
            for key, value in values.items():
                if key in kept:
                    kept[key].append(value)
    parameters = {}
    for key, value in fitted.items():
        spread = Z * float(np.std(again[key], ddof=1)) if len(again[key]) > max(tables // 2, 1) else 0.0
        parameters[key] = Interval(value, value - spread, value + spread) if spread else Interval(value, None, None)
    statistics = {
        key: Interval(value, min(seen[key]), max(seen[key])) if seen[key] else Interval(value, None, None) for key, value in known.items()
    }
    return Likeness(parameters, statistics)


def numbers(document: Mapping[str, Any], above: str = "") -> dict[str, float]:
    """The numbers of a nested document, by dotted keys."""
    found: dict[str, float] = {}
    for key, value in document.items():
        if isinstance(value, Mapping):
            found |= numbers(value, f"{above}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{above}{key}"] = float(value)
    return found
