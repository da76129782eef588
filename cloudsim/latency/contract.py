"""What the engine asks of step times.

Between two changes of its batch an engine goes through steps that differ only in what is cached: every sequence attends to one token
more each time. So a model of step times is asked for runs of steps, not for steps, and the cost of simulating does not grow with tokens.
"""

from typing import Protocol

from traces.provenance import Source

Run = tuple[float, float, int]
"""(first_s, growth_s, steps): n steps take n·first_s + growth_s·n·(n − 1) seconds, for n up to `steps`; then ask again."""

ENDLESS = 1 << 40
"""Steps of a run whose form holds for as long as the batch does."""


class LatencyModel(Protocol):
    """Step times of one model on one replica.

    A *unit* is one KV head group of one layer; a dense sequence has layers × groups of them. The weights of a layer are read if any
    sequence of the batch needs it; a sequence pays for the layers and units that it uses.

    Implementations are positive, never faster for more of anything, and linear in the layers that a whole batch shares
    (`tests/latency/conformance.py` holds them to it).

    Attributes:
        source: where the figures come from, and how far off they are where they are known.
        decode_error_pct, prefill_error_pct: their mean error, where it is known.
    """

    @property
    def source(self) -> Source:
        """Where the figures come from."""

    @property
    def decode_error_pct(self) -> float | None:
        """Mean error of decode steps."""

    @property
    def prefill_error_pct(self) -> float | None:
        """Mean error of steps with prompts."""

    def decode_run(self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float) -> Run:
        """A run of decode steps.

        Args:
            sequences: sequences in the batch.
            layers_read: layers whose weights are read: the union over the batch.
            layers: sum over sequences of the layers each one uses.
            kv_units: sum over sequences of tokens attended to in the first step × units.
            units: sum over sequences of units, by which `kv_units` grows from step to step.
        """

    def mixed_run(
        self,
        sequences: int,
        layers_read: float,
        layers: float,
        kv_units: float,
        units: float,
        token_layers: float,
        pair_units: float,
        pair_growth: float,
    ) -> Run:
        """A run of steps with prompt chunks, each as long as in the first.

        Args:
            sequences: sequences in the step, decoding or prefilling.
            layers_read: union of the layers over all of them.
            layers, kv_units, units: sums over the decoding ones, as in `decode_run`.
            token_layers: sum over chunks of tokens × layers.
            pair_units: sum over chunks of ((prefix + n)² − prefix²) × units in the first step.
            pair_growth: half of what `pair_units` grows by from step to step: n² × units.
        """

    def prompt_token_s(self, layers: float) -> float:
        """Seconds that one more prompt token takes in a long chunk, for estimates. Args: layers: that it runs."""
