"""Step times read off a table of measurements, bilinear between its points."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cloudsim.errors import ConfigError
from cloudsim.latency.contract import ENDLESS, Run
from traces.provenance import Source


@dataclass(frozen=True, slots=True)
class DecodeTable:
    """Seconds of one layer in a decode step.

    Args:
        sequences: of the batch, rising from 1. Shape (n,).
        tokens: that each sequence attends to, rising from 0. Shape (m,).
        layer_s: shape (n, m); nowhere falling along either axis.

    Raises:
        ConfigError: it is not such a table; every fault is named.
    """

    sequences: tuple[int, ...]
    tokens: tuple[int, ...]
    layer_s: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        problems = [
            f"{name}: {list(axis)} does not rise from {first}"
            for name, axis, first in (("sequences", self.sequences, 1), ("tokens", self.tokens, 0))
            if not axis or axis[0] != first or any(later <= earlier for earlier, later in pairwise(axis))
        ]
        if len(self.tokens) < 2:
            problems.append("tokens: one value is too few to tell what a cached token costs")
        if len(self.layer_s) != len(self.sequences) or any(len(row) != len(self.tokens) for row in self.layer_s):
            problems.append(f"layer_s: is not of shape ({len(self.sequences)}, {len(self.tokens)})")
        else:
            problems += self._falling()
        if problems:
            raise ConfigError(*problems)

    def _falling(self) -> list[str]:
        problems = []
        for row, count in zip(self.layer_s, self.sequences, strict=True):
            for column, tokens in enumerate(self.tokens):
                value = row[column]
                if not value > 0:
                    problems.append(f"{count} sequences of {tokens} tokens: {value} s; a step takes time")
                if column and value < row[column - 1]:
                    problems.append(f"{count} sequences: {tokens} tokens take less than {self.tokens[column - 1]}")
        for (earlier, later), (fewer, more) in zip(pairwise(self.layer_s), pairwise(self.sequences), strict=True):
            problems += [
                f"{self.tokens[column]} tokens: {more} sequences take less than {fewer}"
                for column in range(len(self.tokens))
                if later[column] < earlier[column]
            ]
        return problems


@dataclass(frozen=True, slots=True)
class TabulatedLatency:
    """A `LatencyModel` whose decode steps come from a table, and whose prompts from the closed form of `AffineLatency`.

    A layer that is read serves `layers / layers_read` sequences on average, each of which attends to `kv_units / (layers · groups)`
    tokens: that is where the table is looked up. Beyond its last points it goes on as between the two before.

    Args:
        host_step_s, host_sequence_s, head_s, prefill_*: as in `AffineLatency`.
        groups: KV head groups of a layer.
        decode: the table.
    """

    host_step_s: float
    host_sequence_s: float
    head_s: float
    groups: int
    decode: DecodeTable
    prefill_floor_layer_s: float
    prefill_layer_s: float
    prefill_token_layer_s: float
    prefill_pair_unit_s: float
    source: Source
    decode_error_pct: float | None = None
    prefill_error_pct: float | None = None

    def decode_run(self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float) -> Run:
        """See `LatencyModel`: the form holds until the sequences reach the next point of the table."""
        fixed_s, token_s, steps = self._layer(layers_read, layers, kv_units, units)
        per_unit = layers_read * token_s / (layers * self.groups)
        first_s = self.host_step_s + self.host_sequence_s * sequences + self.head_s + layers_read * fixed_s + per_unit * kv_units
        return first_s, 0.5 * per_unit * units, steps

    def mixed_run(
        self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float, token_layers: float, pair_units: float,
        pair_growth: float,
    ) -> Run:  # fmt: skip
        """See `LatencyModel`: prompts take what they take, and decoding sequences add what they attend to."""
        linear = self.prefill_layer_s * layers_read + self.prefill_token_layer_s * token_layers
        floor = self.prefill_floor_layer_s * layers_read
        host_s = self.host_step_s + self.host_sequence_s * sequences
        first_s = host_s + self.head_s + max(linear, floor) + self.prefill_pair_unit_s * pair_units
        growth_s, steps = self.prefill_pair_unit_s * pair_growth, ENDLESS
        if layers:
            read = min(layers_read, float(layers))
            fixed_s, token_s, steps = self._layer(read, layers, kv_units, units)
            alone_s = self.decode.layer_s[0][0]
            per_unit = read * token_s / (layers * self.groups)
            # Beside a prompt the weights are read anyway.
            first_s += read * max(0.0, fixed_s - alone_s) + per_unit * kv_units
            growth_s += 0.5 * per_unit * units
        return first_s, growth_s, steps

    def prompt_token_s(self, layers: float) -> float:
        """See `LatencyModel`."""
        return self.prefill_token_layer_s * layers

    def _layer(self, layers_read: float, layers: float, kv_units: float, units: float) -> tuple[float, float, int]:
        """Seconds of a layer at no tokens and per token a sequence, as they hold here; and the steps for which they do."""
        table = self.decode
        dense = layers * self.groups
        tokens = kv_units / dense
        column = _cell(table.tokens, tokens)
        low, high = table.tokens[column], table.tokens[column + 1]
        left, right = _between(table, layers / layers_read, column)
        token_s = (right - left) / (high - low)
        steps = ENDLESS
        if column + 2 < len(table.tokens) and units:
            # The first step whose tokens lie beyond this cell asks again.
            steps = int((high * dense - kv_units) // units) + 1
        return left - token_s * low, token_s, max(1, steps)


def _cell(axis: Sequence[float], value: float) -> int:
    """Number of the interval of `axis` in which `value` lies, the last one for what is beyond."""
    return min(max(bisect_right(axis, value) - 1, 0), len(axis) - 2)


def _between(table: DecodeTable, sequences: float, column: int) -> tuple[float, float]:
    """Seconds at both ends of a column's interval, linear in the sequences."""
    rows = table.layer_s
    if len(rows) == 1:
        return rows[0][column], rows[0][column + 1]
    row = _cell(table.sequences, sequences)
    fewer, more = table.sequences[row], table.sequences[row + 1]
    share = (sequences - fewer) / (more - fewer)
    low, high = rows[row], rows[row + 1]
    return low[column] + share * (high[column] - low[column]), low[column + 1] + share * (high[column + 1] - low[column + 1])
