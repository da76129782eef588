"""Traffic composed of the clients of a ServeGen folder: each with gaps and lengths of its own, window by window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from traces.errors import TraceError
from traces.files import data_path, digests
from traces.generators.gaps import LEAST_CV, MOST_CV, GammaGaps, PoissonGaps, WeibullGaps, stationary_times
from traces.options import Options, Text, check_duration
from traces.provenance import Provenance, Source
from traces.reading.bad_row import BadRow
from traces.reading.reader import ReadOptions
from traces.reading.trace import Reading, read_trace
from traces.replay.origin import replayed_sources
from traces.schemas import CLIENTS
from traces.tables import Floats, Ints, RequestTrace

if TYPE_CHECKING:
    import pandas as pd

SHORTEST_S = 1e-6
Gaps = PoissonGaps | GammaGaps | WeibullGaps


@dataclass(frozen=True, slots=True)
class Window:
    """A client for a time: its rate, gaps, and how often each length occurs."""

    begin_s: float
    end_s: float
    rate_rps: float
    gaps: Gaps
    lengths: tuple[tuple[Ints, Floats], tuple[Ints, Floats]]


class ReplayedClients(Options):
    """Draws the requests of every client of a trace of clients (ServeGen, NSDI '26) and puts them together by time.

    A client's arrivals in a window are a renewal process with the window's rate and coefficient of variation; its lengths follow the
    last data set it has by then. Windows that hold no rate are silent. Nothing is repeated: a run may not be longer than the trace.

    Args:
        path: of the folder (or of one client's file with lengths) below the data folder (see `traces.files`), or an absolute path.
        format: of it; None finds it by content.
        on_bad_row: error, skip or clip.
        start_s: second of the trace at which the run begins.
        most_clients: take the ones with the most requests in the run; None takes all.
    """

    path: Text
    format: Text | None = None
    on_bad_row: Annotated[BadRow, Field(strict=False)] = BadRow.ERROR
    start_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    most_clients: Annotated[int, Field(ge=1)] | None = None

    def requests(self, duration_s: float, rng: np.random.Generator) -> Iterator[RequestTrace]:
        """Requests that arrive in [0, `duration_s`); see `traces.sources.TrafficSource`.

        Raises:
            TraceError: the trace is missing, broken, shorter than the run, has no lengths, or nothing arrives.
        """
        check_duration(type(self).__name__, duration_s)
        path = data_path(self.path)
        trace = read_trace(path, self.format, ReadOptions(), self.on_bad_row)
        if trace.reading.kind is not CLIENTS:
            raise TraceError(f"{path} is a table of {trace.reading.kind.name} ({trace.reading.reader.title}); this source needs clients")
        frame = trace.table.to_pandas()
        clients = {str(name): self._windows(str(name), rows, duration_s) for name, rows in frame.groupby("client", sort=False)}
        if self.start_s + duration_s > (ends_s := max(_end_s(rows) for _, rows in frame.groupby("client", sort=False))):
            raise TraceError(
                f"{self.path}: a run of {duration_s:g} s from second {self.start_s:g} ends after the trace, which is {ends_s:.0f} s long; "
                "shorten the run or let start_s be smaller"
            )
        expected = {name: sum(one.rate_rps * (one.end_s - one.begin_s) for one in windows) for name, windows in clients.items()}
        chosen = set(sorted(expected, key=lambda name: -expected[name])[: self.most_clients])
        # Every client has chance of its own, so that leaving one out changes no other.
        chances = zip(clients.items(), rng.spawn(len(clients)), strict=True)
        drawn = [_drawn(windows, chance) for (name, windows), chance in chances if name in chosen]
        arrival_s, inputs, outputs = (np.concatenate(columns) for columns in zip(*drawn, strict=True))
        if not len(arrival_s):
            raise TraceError(f"{self.path}: no request arrives in {duration_s:g} s from second {self.start_s:g}; make the run longer")
        order = np.argsort(arrival_s, kind="stable")
        yield RequestTrace(arrival_s[order], inputs[order], outputs[order], (self._source(path, trace.reading, len(chosen)),)).check()

    def _source(self, path: Path, reading: Reading, clients: int) -> Source:
        """One for the folder; its digest is that of the list of its files' digests."""
        files = digests(path)
        listed = "".join(f"{digest}  {name}\n" for name, digest in files.items())
        told = replayed_sources(self.path, {path.name: sha256(listed.encode()).hexdigest()}, reading)[0]
        remark = f"{clients} clients, whose arrivals and lengths are drawn; the digest is of the list of {len(files)} files' digests"
        return Source(told.name, Provenance.PUBLISHED, f"{told.origin}; {remark}", told.sha256)

    def _windows(self, client: str, rows: pd.DataFrame, duration_s: float) -> list[Window]:
        """The client's windows with requests in the run, in seconds of the run."""
        begin = rows["window_start_s"].to_numpy() - self.start_s
        end = np.append(begin[1:], _end_s(rows) - self.start_s)
        sides = [_held(client, rows, side) for side in ("input", "output")]
        found = []
        for at, (rate, cv, kind) in enumerate(zip(rows["rate_rps"].tolist(), rows["cv"].tolist(), rows["gaps"].tolist(), strict=True)):
            first, last = max(begin[at], 0.0), min(end[at], duration_s)
            if rate > 0 and last - first > SHORTEST_S:
                found.append(Window(first, last, rate, _gaps(kind, cv), (sides[0][at], sides[1][at])))
        return found


def _end_s(rows: pd.DataFrame) -> float:
    """The last window is as long as the one before."""
    start = rows["window_start_s"].to_numpy()
    return float(start[-1] + (start[-1] - start[-2] if len(start) > 1 else 0.0))


def _held(client: str, rows: pd.DataFrame, side: str) -> list[tuple[Ints, Floats]]:
    """Lengths and shares of each window: the last that were told, before the first of them the first."""
    tokens, shares = (rows[name].tolist() if name in rows else [None] * len(rows) for name in (f"{side}_tokens", f"{side}_share"))
    told = [
        (np.maximum(np.asarray(one), 1), np.asarray(share)) if one is not None and len(one) else None
        for one, share in zip(tokens, shares, strict=True)
    ]
    known = next((one for one in told if one is not None), None)
    if known is None:
        raise TraceError(f"client {client} has no {side} lengths; give the folder that has its data set")
    held = []
    for one in told:
        known = one if one is not None else known
        held.append(known)
    return held


def _gaps(kind: str | None, cv: float) -> Gaps:
    if not kind or not np.isfinite(cv):
        return PoissonGaps(kind="poisson")
    bounded = float(np.clip(cv, LEAST_CV, MOST_CV))
    return GammaGaps(kind="gamma", cv=bounded) if kind == "Gamma" else WeibullGaps(kind="weibull", cv=bounded)


def _drawn(windows: list[Window], rng: np.random.Generator) -> tuple[Floats, Ints, Ints]:
    """Arrivals, input and output of one client."""
    columns: list[tuple[Floats, Ints, Ints]] = [(np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))]
    for one in windows:
        arrival_s = one.begin_s + stationary_times(one.gaps, (one.end_s - one.begin_s) * one.rate_rps, rng) / one.rate_rps
        inputs, outputs = (rng.choice(tokens, len(arrival_s), p=shares) for tokens, shares in one.lengths)
        columns.append((np.minimum(arrival_s, np.nextafter(one.end_s, 0.0)), inputs, outputs))
    arrival_s, inputs, outputs = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return arrival_s, inputs, outputs
