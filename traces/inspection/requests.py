"""Figures of a request trace, gathered batch by batch."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from traces.inspection.lengths import Lengths

if TYPE_CHECKING:
    import pyarrow as pa

WINDOW_S = 600.0
LEVELS = (0.5, 0.9, 0.99)
LONGEST_COUNTED_MIN = 10_000_000
MOST_LABELS = 20
SAME_TIME_SHARE = 0.5


class RequestFigures:
    """Rate, burstiness, lengths, prefixes, sessions and labels of the requests seen so far."""

    def __init__(self) -> None:
        self.input, self.output, self.reasoning = Lengths(), Lengths(), Lengths()
        self.minutes: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._first: float | None = None
        self._last = 0.0
        self._gaps = [0, 0.0, 0.0]  # number, sum, sum of squares
        self._window, self._in_window = 0, [0, 0.0, 0.0]
        self._window_cvs: list[float] = []
        self._zero_gaps, self._step_s = 0, 0.0
        self._products = 0.0
        self._squares = [0.0, 0.0]
        self._blocks, self._reused, self._seen = 0, 0, set[int]()
        self._sessions: Counter[str] = Counter()
        self._labels: dict[str, Counter[str]] = {}

    @property
    def rows(self) -> int:
        """Requests so far."""
        return self.input.count

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the next batch of a checked table of requests."""
        arrival_s = np.asarray(batch.column("arrival_s"))
        inputs, outputs = (np.asarray(batch.column(name)) for name in ("input_tokens", "output_tokens"))
        self.input.add(inputs)
        self.output.add(outputs)
        self._products += float(np.dot(inputs.astype(np.float64), outputs.astype(np.float64)))
        for at, values in enumerate((inputs, outputs)):
            self._squares[at] += float((values.astype(np.float64) ** 2).sum())
        self._add_times(arrival_s)
        names = batch.schema.names
        if "reasoning_tokens" in names:
            self.reasoning.add(np.asarray(batch.column("reasoning_tokens").drop_null()).astype(np.int64))
        if "prefix_blocks" in names:
            self._add_prefixes(batch.column("prefix_blocks").drop_null())
        if "session_id" in names:
            self._sessions.update(name for name in batch.column("session_id").to_pylist() if name)
        for name in ("model", "tier", "task"):
            if name in names:
                self._labels.setdefault(name, Counter()).update(value for value in batch.column(name).to_pylist() if value)

    def _add_times(self, arrival_s: NDArray[np.float64]) -> None:
        if self._first is None:
            self._first = self._last = float(arrival_s[0])
            gaps, at_s = np.diff(arrival_s), arrival_s[1:]
        else:
            gaps, at_s = np.diff(arrival_s, prepend=self._last), arrival_s
        self._last = float(arrival_s[-1])
        _gather(self._gaps, gaps)
        self._zero_gaps += int((gaps == 0).sum())
        positive = gaps[gaps > 0]
        if len(positive):
            self._step_s = min(self._step_s or np.inf, float(positive.min()))
        window = ((at_s - self._first) // WINDOW_S).astype(np.int64)
        for number in np.unique(window).tolist():
            if number != self._window:
                self._close_window()
                self._window = number
                # The gap that spans the border belongs to neither window.
                _gather(self._in_window, gaps[window == number][1:])
            else:
                _gather(self._in_window, gaps[window == number])
        minute = ((arrival_s - self._first) // 60).astype(np.int64)
        counts = np.bincount(minute[minute < LONGEST_COUNTED_MIN], minlength=len(self.minutes))
        counts[: len(self.minutes)] += self.minutes
        self.minutes = counts

    def _close_window(self) -> None:
        cv = _variation(self._in_window)
        if np.isfinite(cv):
            self._window_cvs.append(cv)
        self._in_window = [0, 0.0, 0.0]

    def _add_prefixes(self, blocks: Any) -> None:
        """Blocks whose hash an earlier request had, as an infinite cache would find them."""
        for hashes in blocks.to_pylist():
            self._blocks += len(hashes)
            self._reused += sum(block in self._seen for block in hashes)
            self._seen.update(hashes)

    @property
    def span_s(self) -> float:
        """From the first to the last arrival."""
        return self._last - (self._first or 0.0)

    def document(self) -> dict[str, Any]:
        """The figures, for JSON; those that a trace does not have are left out."""
        whole = self.minutes[: int(self.span_s // 60)]
        found: dict[str, Any] = {
            "span_s": self.span_s,
            "rate_rps": (self.rows - 1) / self.span_s if self.span_s > 0 else None,
            "gap_cv": _known(_variation(self._gaps)),
            "gap_cv_in_10_min": _known(float(np.mean(self._window_cvs))) if self._window_cvs else None,
            "peak_minute_ratio": float(whole.max() / whole.mean()) if len(whole) and whole.sum() else None,
            "minute_autocorrelation": _autocorrelation(whole),
            "input_tokens": _lengths(self.input),
            "output_tokens": _lengths(self.output),
            "input_output_correlation": self._correlation(),
        }
        if self.reasoning.count:
            found["reasoning_tokens"] = _lengths(self.reasoning)
        if self._blocks:
            found["prefix"] = {"blocks": self._blocks, "reused_share": self._reused / self._blocks}
        if self._sessions:
            turns = list(self._sessions.values())
            found["sessions"] = {"count": len(turns), "mean_turns": sum(turns) / len(turns), "most_turns": max(turns)}
        for name, counts in self._labels.items():
            if counts:
                found[f"{name}s"] = dict(counts.most_common(MOST_LABELS))
        return found

    def remarks(self) -> list[str]:
        """What a user should know before replaying the trace."""
        said = []
        gaps = int(self._gaps[0])
        if gaps and self._zero_gaps / gaps > SAME_TIME_SHARE and self._step_s >= 0.1:
            said.append(
                f"{self._zero_gaps / gaps:.0%} of the requests arrive at the same time as the one before; times seem to be multiples of "
                f"{self._step_s:g} s: spread_s={self._step_s:g} spreads them"
            )
        if self.span_s == 0:
            said.append("all requests arrive at one time; there is no rate")
        return said

    def _correlation(self) -> float | None:
        n = self.rows
        variances = [square / n - lengths.mean**2 for square, lengths in zip(self._squares, (self.input, self.output), strict=True)]
        if n < 2 or min(variances) <= 0:
            return None
        return (self._products / n - self.input.mean * self.output.mean) / float(np.sqrt(variances[0] * variances[1]))


def _gather(sums: list[Any], gaps: NDArray[np.float64]) -> None:
    sums[0] += len(gaps)
    sums[1] += float(gaps.sum())
    sums[2] += float((gaps**2).sum())


def _variation(sums: list[Any]) -> float:
    """Standard deviation over mean; NaN of fewer than two gaps, or if all are 0."""
    count, total, squares = sums
    if count < 2 or total <= 0:
        return float("nan")
    mean = total / count
    return float(np.sqrt(max(squares / count - mean**2, 0.0)) / mean)


def _autocorrelation(minutes: NDArray[np.int64]) -> float | None:
    """Correlation of the counts of neighbouring minutes."""
    if len(minutes) < 3 or minutes[1:].std() == 0 or minutes[:-1].std() == 0:
        return None
    return float(np.corrcoef(minutes[:-1], minutes[1:])[0, 1])


def _lengths(lengths: Lengths) -> dict[str, float]:
    p50, p90, p99 = lengths.quantiles(LEVELS)
    return {
        "p50": p50, "p90": p90, "p99": p99, "mean": lengths.mean, "log_mean": lengths.log_mean, "log_deviation": lengths.log_deviation
    }  # fmt: skip


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
