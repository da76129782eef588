"""Files of measured step times, one for each model, GPU, precision and number of GPUs."""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from cloudsim.config import Count, Name, NotNegative, Positive, Section
from cloudsim.errors import ConfigError
from cloudsim.latency.host import Host
from cloudsim.latency.tabulated import DecodeTable, TabulatedLatency
from cloudsim.models.spec import ModelSpec
from cloudsim.section_file import read_section
from traces.provenance import Provenance, Source


class PromptForm(Section):
    """max(floor, step + token·n) + token2·n², in milliseconds."""

    floor_ms: NotNegative
    step_ms: NotNegative
    token_ms: NotNegative
    token2_ms: NotNegative


class StepTimes(Section):
    """One file, as `python -m cloudsim profile latency` writes it."""

    model: Name
    gpu: Name
    precision: Annotated[str, Field(pattern="^(bf16|fp8)$")]
    tensor_parallel: Count
    source: Annotated[str, Field(min_length=1)] = Field(description="what was measured, with which program")
    made: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] = Field(description="the day")
    head_ms: NotNegative = Field(description="of a step, independent of the layers: embedding and LM head")
    head_source: Annotated[str, Field(min_length=1)]
    sequences: Annotated[list[Count], Field(min_length=1)]
    tokens: Annotated[list[Count], Field(min_length=2)]
    step_ms: list[list[Positive]] = Field(description="of a decode step, by sequences and by tokens that each attends to")
    prompt: PromptForm
    decode_error_pct: NotNegative = Field(description="of points read off their neighbours")
    prefill_error_pct: NotNegative = Field(description="of the form of prompts")

    @model_validator(mode="after")
    def _usable(self) -> "StepTimes":
        try:
            self.table(1)
        except ConfigError as error:
            raise ValueError("; ".join(error.problems)) from None
        return self

    def table(self, layers: int) -> DecodeTable:
        """Seconds of one of `layers` layers, continued to no cached tokens."""
        near, far = self.tokens[0], self.tokens[1]
        rows: list[tuple[float, ...]] = []
        for row in self.step_ms:
            seconds = [1e-3 * (value - self.head_ms) / layers for value in row]
            slope = (seconds[1] - seconds[0]) / (far - near) if len(seconds) > 1 else 0.0
            # The line through the first two points, but nowhere below a smaller batch.
            start = max(seconds[0] - slope * near, 0.5 * seconds[0], rows[-1][0] if rows else 0.0)
            rows.append((start, *seconds))
        return DecodeTable(tuple(self.sequences), (0, *self.tokens), tuple(rows))

    def latency(self, model: ModelSpec, host: Host, gate_overhead: float = 0.0) -> TabulatedLatency:
        """The step times of `model`, whose profile this is."""
        share, prompt, layers = 1 + gate_overhead, self.prompt, model.layers
        table, second = self.table(layers), 1e-3 * share
        return TabulatedLatency(
            host_step_s=host.step_s,
            host_sequence_s=host.sequence_s,
            head_s=self.head_ms * second,
            groups=model.kv_heads,
            decode=DecodeTable(table.sequences, table.tokens, tuple(tuple(share * value for value in row) for row in table.layer_s)),
            prefill_floor_layer_s=max(0.0, prompt.floor_ms - self.head_ms) * second / layers,
            prefill_layer_s=max(0.0, prompt.step_ms - self.head_ms) * second / layers,
            prefill_token_layer_s=prompt.token_ms * second / layers,
            prefill_pair_unit_s=prompt.token2_ms * second / (layers * model.kv_heads),
            source=Source(f"step times of {self.title}", Provenance.MEASURED, f"{self.source}, {self.made}"),
            decode_error_pct=self.decode_error_pct,
            prefill_error_pct=self.prefill_error_pct,
        )

    @property
    def title(self) -> str:
        """What they are of."""
        return f"{self.model} on {self.gpu} {self.precision} tp{self.tensor_parallel}"


def step_times_path(folder: Path, model: str, gpu: str, precision: str, tensor_parallel: int) -> Path:
    """Where a folder has them."""
    return folder / f"{model}_{gpu}_{precision}_tp{tensor_parallel}.yaml"


def find_step_times(folder: Path, model: str, gpu: str, precision: str, tensor_parallel: int) -> StepTimes | None:
    """The file of a folder; None if it has none.

    Raises:
        ConfigError: the file is broken, or of something else than its name says.
    """
    path = step_times_path(folder, model, gpu, precision, tensor_parallel)
    if not path.is_file():
        return None
    found = _load(path, path.stat().st_mtime_ns)
    if (found.model, found.gpu, found.precision, found.tensor_parallel) != (model, gpu, precision, tensor_parallel):
        raise ConfigError(f"{path}: holds the step times of {found.title}; name it after them")
    return found


@cache
def _load(path: Path, changed_ns: int) -> StepTimes:
    return read_section(path, StepTimes)
