"""Profiles that `python -m cloudsim profile l2a` measured: what a real network did with every problem of a suite at every level."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError, model_validator

from cloudsim.config import Count, Name, NotNegative, Section, Share
from cloudsim.errors import ConfigError
from cloudsim.models.elastic import ElasticProfile, Level
from cloudsim.models.spec import ModelSpec
from traces.provenance import Provenance, Source

TASK, KIND = "procedural", "procedural"
"""The task that measured models are scored on, and their kind: their scores compare with no published ones."""
SKIPPING = "^(dense|nested|independent)$"
Numbers = Annotated[str, Field(pattern=r"^\d+( \d+)*$", description="whole numbers, one a problem")]


class Checkpoint(Section):
    """The network that was measured."""

    path: str = Field(description="embedded/NAME, or a folder relative to the profile's own")
    sha256: str = Field(description="digest of its weights")


class Shape(Section):
    """Architecture facts of the dense model."""

    name: Name
    layers: Count
    query_heads: Count
    kv_heads: Count
    head_dim: Count
    hidden: Count
    vocab: Count
    layer_params: Count
    params: Count


class SuiteFacts(Section):
    """The problems."""

    split: Name
    seed: Annotated[int, Field(ge=0)]
    families: Annotated[list[Name], Field(min_length=1)]
    hardest: list[Count] = Field(description="largest difficulty of each family")
    sha256: str = Field(description="digest of the questions")
    family: Numbers = Field(description="index of each problem's family")
    difficulty: Numbers = Field(description="steps of each problem")
    prompt_tokens: Numbers


class MeasuredLevel(Section):
    """What the network did at one budget."""

    budget: Annotated[float, Field(gt=0, le=1)]
    asked: Annotated[list[Share], Field(min_length=3, max_length=3)] = Field(description="depth, width and tokens that were asked for")
    accuracy: Share
    accuracy_by_difficulty: dict[int, Share]
    layer_use: list[Share] = Field(description="share of the problems that ran each layer")
    group_share: Share = Field(description="KV head groups run, as a share of those in the layers run")
    tokens: NotNegative = Field(description="reasoning tokens, as a share of those at the first level")
    right: Annotated[str, Field(pattern="^[01]+$")] = Field(description="1 for each problem answered right")
    new_tokens: Numbers
    think_tokens: Numbers
    mask: Numbers = Field(description="index into `masks` of what each problem ran")


class Mask(Section):
    """What a sequence ran."""

    layers: Annotated[str, Field(pattern="^[01]+$")]
    units: Count


class Clock(Section):
    """Step times measured on a CPU, seconds; the terms are those of `AffineLatency`."""

    machine: str
    error_pct: NotNegative = Field(description="mean relative error of the fit")
    head_s: NotNegative
    layer_s: NotNegative
    sequence_layer_s: NotNegative
    kv_unit_s: NotNegative
    prefill_layer_s: NotNegative
    prefill_token_layer_s: NotNegative
    prefill_pair_unit_s: NotNegative


class MeasuredProfile(Section):
    """One file: a dense model (one level) or an elastic one, with its answer to every problem of its suite at every level."""

    name: Name
    command: str
    checkpoint: Checkpoint
    model: Shape
    skipping: Annotated[str, Field(pattern=SKIPPING)]
    gate_overhead: NotNegative
    suite: SuiteFacts
    masks: Annotated[list[Mask], Field(min_length=1)]
    levels: Annotated[list[MeasuredLevel], Field(min_length=1)]
    clock: Clock

    @model_validator(mode="after")
    def _consistent(self) -> "MeasuredProfile":
        count = len(self.suite.family.split())
        lengths = {len(text.split()) for text in (self.suite.difficulty, self.suite.prompt_tokens)}
        for level in self.levels:
            lengths |= {len(level.right), *(len(text.split()) for text in (level.new_tokens, level.think_tokens, level.mask))}
        if lengths != {count}:
            raise ValueError(f"its columns have {sorted(lengths | {count})} entries; each has one a problem")
        budgets = [level.budget for level in self.levels]
        if budgets != sorted(budgets, reverse=True) or budgets[0] != 1.0:
            raise ValueError(f"its budgets are {budgets}; they fall, and the first is 1")
        return self

    @property
    def spec(self) -> ModelSpec:
        """Architecture and score of the dense model, as the catalogue has them for others."""
        shape = self.model
        return ModelSpec(
            **shape.model_dump(exclude={"params"}), params=float(shape.params), kind=KIND, scores={TASK: self.levels[0].accuracy},
            source=self.origin,
            provenance=Provenance.MEASURED,
        )  # fmt: skip

    @property
    def origin(self) -> str:
        """The command that measured it, and on which weights."""
        return f"{self.command} (weights {self.checkpoint.sha256[:12]}…, {len(self.levels[0].right):,} problems)"

    def elastic(self, realised: bool) -> ElasticProfile:
        """Its levels, as policies see them.

        Args:
            realised: whether each sequence brings the layers it runs; else a batch is expected to read what sequences of its levels do.
        """
        shape = self.model
        levels = []
        for index, row in enumerate(self.levels):
            depth = sum(row.layer_use) / shape.layers
            layers = max(1, round(depth * shape.layers))
            units = max(1, round(depth * shape.layers * shape.kv_heads * row.group_share))
            quality = row.accuracy / self.levels[0].accuracy if self.levels[0].accuracy else 1.0
            levels.append(Level(index, row.budget, layers, units, depth, row.group_share, row.tokens, quality))
        use = tuple(tuple(row.layer_use) for row in self.levels) if len(levels) > 1 else ()
        source = Source(f"elastic profile {self.name}", Provenance.MEASURED, self.origin, self.checkpoint.sha256)
        return ElasticProfile(
            self.name, shape.layers, tuple(levels), self.skipping == "independent", self.gate_overhead, (source,), use, realised
        )


def measured_path(folder: str | None, name: str) -> Path:
    """Where the measured profile `name` lies, if there is one; `folder` None stands for the catalogue."""
    place = Path(folder) if folder is not None else Path(str(files("cloudsim.models.catalog.measured")))
    return place / f"{name}.yaml"


def find_measured(folder: str | None, name: str) -> MeasuredProfile | None:
    """The measured profile `name`, None if there is none.

    Raises:
        ConfigError: its file is broken.
    """
    path = measured_path(folder, name)
    return _load(path, path.stat().st_mtime_ns) if path.is_file() else None


@cache
def _load(path: Path, changed_ns: int) -> MeasuredProfile:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        profile = MeasuredProfile.model_validate(yaml.load(path.read_text(encoding="utf-8"), loader))
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError) as error:
        found = error.errors()[0] if isinstance(error, ValidationError) else None
        reason = f"{'.'.join(map(str, found['loc']))}: {found['msg']}" if found else " ".join(str(error).split())
        raise ConfigError(f"{path}: is no measured profile ({reason}); write it again with python -m cloudsim profile l2a") from None
    if profile.name != path.stem:
        raise ConfigError(f"{path}: is the profile of {profile.name}; name the file {profile.name}.yaml")
    return profile
