"""Step times of a replica whose layers are divided among stages that work one behind the other."""

from dataclasses import dataclass, replace

from cloudsim.errors import ConfigError
from cloudsim.latency.contract import LatencyModel, Run
from cloudsim.models.gpu import Gpu
from cloudsim.models.spec import ModelSpec
from traces.provenance import Provenance, Source, weakest

HOP_S = 1e-5
"""Start of one transfer between stages of a node (assumed)."""
ACTIVATION_BYTES = 2


@dataclass(frozen=True, slots=True)
class PipelinedLatency:
    """A `LatencyModel` of p stages, each with a p-th of the layers, through which p parts of the batch follow one another (vLLM).

    A sequence gets its next token when its part has passed all stages, and by then each of the other parts has too: so a step of the whole
    batch takes as long as the fullest part alone takes through all layers, and what passes between stages. The bubbles are in that: fewer
    sequences than stages leave stages idle, and so does a prompt chunk, behind which the parts without one wait.

    Stages are taken to be equally long: what skipped layers and the last stage's head add to one of them is not counted.

    Args:
        inner: step times of all layers on the GPUs of one stage.
        stages: at least 2.
        hop_s, token_hop_s: seconds from one stage to the next, of a part and of each token in it.
        layers: of the model.
    """

    inner: LatencyModel
    stages: int
    hop_s: float
    token_hop_s: float
    layers: int

    @property
    def source(self) -> Source:
        """See `LatencyModel`."""
        found = self.inner.source
        origin = f"{found.origin}; layers in {self.stages} equally long stages, a part of the batch in each"
        projected = replace(found, provenance=Provenance.PROJECTED, origin=origin)
        return replace(projected, provenance=weakest([found, projected]))

    @property
    def decode_error_pct(self) -> float | None:
        """Unknown: the errors of `inner` are those of one stage."""
        return None

    @property
    def prefill_error_pct(self) -> float | None:
        """Unknown, as for decode steps."""
        return None

    def decode_run(self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float) -> Run:
        """See `LatencyModel`."""
        part, share = self._fullest(sequences)
        first_s, growth_s, steps = self.inner.decode_run(part, layers_read, layers * share, kv_units * share, units * share)
        return first_s + self._hops(part), growth_s, steps

    def mixed_run(
        self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float, token_layers: float, pair_units: float,
        pair_growth: float,
    ) -> Run:  # fmt: skip
        """See `LatencyModel`: all chunks are in one part."""
        part, share = self._fullest(sequences)
        first_s, growth_s, steps = self.inner.mixed_run(
            part, layers_read, layers * share, kv_units * share, units * share, token_layers, pair_units, pair_growth
        )
        return first_s + self._hops(part + token_layers / self.layers), growth_s, steps

    def prompt_token_s(self, layers: float) -> float:
        """See `LatencyModel`."""
        return self.inner.prompt_token_s(layers) + (self.stages - 1) * self.token_hop_s * layers / self.layers

    def _fullest(self, sequences: int) -> tuple[int, float]:
        """Sequences of the fullest part, and their share of all."""
        part = -(-sequences // self.stages)
        return part, part / max(sequences, 1)

    def _hops(self, tokens: float) -> float:
        return (self.stages - 1) * (self.hop_s + self.token_hop_s * tokens)


def pipelined(inner: LatencyModel, model: ModelSpec, gpu: Gpu, stages: int) -> LatencyModel:
    """`inner` itself for one stage.

    Args:
        inner: step times of all layers on the GPUs of one stage.

    Raises:
        ConfigError: the layers cannot be divided.
    """
    if model.layers % stages:
        raise ConfigError(f"model {model.name} has {model.layers} layers, which pipeline_parallel {stages} does not divide; take another")
    if stages == 1:
        return inner
    return PipelinedLatency(inner, stages, HOP_S, ACTIVATION_BYTES * model.hidden / gpu.link_bytes_per_s, model.layers)
