"""The schema of a training: every key, its type, its unit and its limits.

`experiments/training.yaml` holds the defaults and says what each key is for; a recipe (`experiments/recipe`) brings the stages.
"""

import re
from typing import Annotated, Any

from pydantic import Field, field_validator

from cloudsim.config import Component, Count, Name, Positive, Section, Share

FOLDER = r"[A-Za-z0-9]\w*"
Seed = Annotated[int, Field(ge=0)]


class MixtureConfig(Section):
    """How the problems of a step are drawn. Other sources than the procedural problems use `seed`, `problems` and `rows` alone."""

    seed: Seed = Field(description="seed of the data")
    problems: Count = Field(description="problems a step and process")
    rows: Count = Field(description="rows of one micro-batch")
    terse: Share = Field(description="share of the problems whose chain is written tersely")
    direct: Share = Field(description="share of the problems answered at once")
    unchecked: Share = Field(description="share of the full chains that lack their verification")
    families: list[str] = Field(description="families to draw from; empty for all that are trained on")
    direct_reach: Annotated[int, Field(ge=0)] = Field(description="largest difficulty answered at once, outside the families of in_head")
    in_head: list[str] = Field(description="families half of whose problems are answered at once")
    warmup: Share = Field(description="share of problems that only teach to look up, before any difficulty has come in")


class LoopConfig(Section):
    """How a stage is run."""

    checkpoint_every: Count = Field(description="steps between two checkpoints")
    log_every: Count = Field(description="steps between two lines of the log")
    clip: Positive = Field(description="largest norm of the gradient")
    bf16: bool = Field(description="compute in bfloat16 where autocast allows it; parameters stay float32")
    compiled: bool = Field(description="compile the decoder layers")
    threads: Count = Field(description="torch threads of each process")


class StageConfig(Component):
    """One stage: the class that is the stage, its steps, and its options.

    `loop` and `mixture` are the common ones with its own changes; `problems` takes the place of the common one.
    """

    steps: Count = Field(description="optimizer steps")
    loop: LoopConfig
    mixture: MixtureConfig
    problems: Component | None = Field(default=None, description="source of the problems of this stage")

    @property
    def arguments(self) -> dict[str, Any]:
        """The options that only this kind of stage has."""
        return dict(self.model_extra or {})


class TrainingConfig(Section):
    """One recipe: a base model and the stages it goes through, in their order."""

    name: Name = Field(description="of the finished model")
    seed: Seed = Field(description="of torch's random numbers, in the making of a stage and in each step")
    processes: Count = Field(description="processes that share the training; their number changes the result")
    model_bf16: bool = Field(description="write the finished model in bfloat16, half the size")
    json_output: bool = Field(alias="json", description="print one JSON document on standard output and nothing else there")
    output_dir: Annotated[str, Field(min_length=1)] = Field(description="run folder; a folder with a part of the same training goes on")
    base: Component
    problems: Component | None = Field(description="source of the problems; null for the procedural ones")
    mixture: MixtureConfig
    loop: LoopConfig
    stages: dict[str, StageConfig]

    @field_validator("stages")
    @classmethod
    def _folders(cls, stages: dict[str, StageConfig]) -> dict[str, StageConfig]:
        wrong = [name for name in stages if not re.fullmatch(FOLDER, name) or name == "model"]
        if wrong:
            found = ", ".join(map(repr, wrong))
            raise ValueError(f"found the name {found}, which cannot be a folder; accepted: letters, digits and _, but not 'model'")
        return stages
