"""Step times that somebody measured: files of points, checked line by line."""

import csv
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from cloudsim.errors import ConfigError
from cloudsim.latency.levelling import falls, levelled

DECODE, PROMPTS = ("batch", "kv", "ms"), ("prompt", "ms")


@dataclass(frozen=True, slots=True)
class DecodePoints:
    """Decode steps on a full grid.

    Args:
        sequences, tokens: of the batch, and that each attends to; rising. Shapes (n,) and (m,).
        step_ms: shape (n, m); falls of a few per cent are levelled.
    """

    sequences: tuple[int, ...]
    tokens: tuple[int, ...]
    step_ms: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class PromptPoints:
    """Steps with one prompt: its tokens, rising, and milliseconds."""

    tokens: tuple[int, ...]
    step_ms: tuple[float, ...]


def read_decode(path: Path) -> DecodePoints:
    """A CSV file with the columns batch, kv and ms; lines in any order, further columns are left alone.

    Raises:
        ConfigError: a line is wrong, twice there or missing from the grid; every one is named.
    """
    points, problems = _points(path, DECODE)
    sequences, tokens = (tuple(sorted({key[at] for key in points})) for at in (0, 1))
    holes = [f"batch {count}, kv {held}" for count in sequences for held in tokens if (count, held) not in points]
    if holes and not problems:
        problems.append(
            f"{path}: the grid has holes: {'; '.join(holes[:5])}{' …' if len(holes) > 5 else ''}; measure them, or leave the rows out"
        )
    if not problems and (sequences[0] != 1 or len(tokens) < 2):
        problems.append(f"{path}: a batch of 1 and two numbers of cached tokens are needed at least")
    if not problems:
        grid = np.array([[points[count, held] for held in tokens] for count in sequences])
        problems += [
            f"{path}: batch {sequences[row]}, kv {tokens[column]}: {grid[row, column]:g} ms is less than fewer sequences or tokens take"
            for row, column in falls(grid)
        ]
    if problems:
        raise ConfigError(*problems)
    return DecodePoints(sequences, tokens, tuple(map(tuple, levelled(grid).tolist())))


def read_prompts(path: Path) -> PromptPoints:
    """A CSV file with the columns prompt and ms.

    Raises:
        ConfigError: as `read_decode`, or there are fewer than four points.
    """
    points, problems = _points(path, PROMPTS)
    if not problems and len(points) < 4:
        problems.append(f"{path}: {len(points)} points; four are needed at least, from short prompts to long ones")
    rising = sorted(points)
    took = np.array([points[key] for key in rising])
    problems += [f"{path}: prompt {rising[at][0]}: {took[at]:g} ms is less than a shorter one takes" for (at,) in falls(took)]
    if problems:
        raise ConfigError(*problems)
    return PromptPoints(tuple(key[0] for key in rising), tuple(levelled(took).tolist()))


def _points(path: Path, columns: tuple[str, ...]) -> tuple[dict[tuple[int, ...], float], list[str]]:
    """Milliseconds by the other columns, and what is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({' '.join(str(error).split())})") from None
    reader = csv.DictReader(text.splitlines())
    absent = [name for name in columns if name not in (reader.fieldnames or ())]
    if absent:
        return {}, [f"{path}: column {name!r} is missing; the first line names {', '.join(columns)}" for name in absent]
    points: dict[tuple[int, ...], float] = {}
    problems = []
    for row in reader:
        line = f"{path}, line {reader.line_num}"
        try:
            key = tuple(int(row[name]) for name in columns[:-1])
            value = float(row[columns[-1]])
        except (TypeError, ValueError):
            problems.append(f"{line}: {[row[name] for name in columns]} are not numbers")
            continue
        if min(key) < 1 or not (isfinite(value) and value > 0):
            problems.append(f"{line}: found {dict(zip(columns, (*key, value), strict=True))}; all of them are above 0")
        elif key in points:
            problems.append(f"{line}: {dict(zip(columns[:-1], key, strict=True))} is there twice")
        else:
            points[key] = value
    if not points and not problems:
        problems.append(f"{path}: holds no measurement")
    return points, problems
