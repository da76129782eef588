"""The log of a stage: what was learnt, which every run repeats, and how fast, which no two runs share."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloudsim.l2a.training.checkpoint import Spent

LOG, SPEED = "log.jsonl", "speed.jsonl"
COUNTS = ("step", "tokens", "seconds")
"""What a row counts; everything else in it is a figure."""


class StageLog:
    """Two files of JSON lines: `log.jsonl` with the figures of a step and the tokens so far, `speed.jsonl` with seconds and tokens/s.

    The first is the same, byte for byte, however often the training was interrupted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, spent: Spent, figures: Mapping[str, float], tokens_per_s: float) -> None:
        """Append the figures of step `spent.steps`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        rounded = {name: float(f"{value:.6g}") for name, value in sorted(figures.items())}
        self._append(LOG, {"step": spent.steps, "tokens": spent.tokens} | rounded)
        self._append(SPEED, {"step": spent.steps, "seconds": round(spent.seconds, 3), "tokens_per_s": round(tokens_per_s, 1)})

    def cut(self, steps: int) -> None:
        """Drop what a killed session logged after its last checkpoint, at step `steps`."""
        for name in (LOG, SPEED):
            path = self._folder / name
            if path.is_file():
                former = path.read_text(encoding="utf-8")
                kept = "".join(f"{line}\n" for line in former.splitlines() if (row := _row(line)) and row["step"] <= steps)
                if kept != former:
                    partial = path.with_suffix(".partial")
                    partial.write_text(kept, encoding="utf-8")
                    partial.replace(path)

    def rows(self) -> list[dict[str, float]]:
        """One row a logged step, with the figures of both files."""
        speeds = {row["step"]: row for row in self._rows(SPEED)}
        return [speeds.get(row["step"], {}) | row for row in self._rows(LOG)]

    def _rows(self, name: str) -> list[dict[str, float]]:
        path = self._folder / name
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [row for row in map(_row, lines) if row]

    def _append(self, name: str, row: Mapping[str, Any]) -> None:
        with (self._folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _row(line: str) -> dict[str, float] | None:
    """A line as a row; None for the half line of a killed process."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and "step" in row else None
