"""How a search goes: the schema of `experiments/tune.yaml`."""

from typing import Annotated

from pydantic import Field

from cloudsim.config import Count, Name, Positive, Section


class TuneConfig(Section):
    """The keys of a search."""

    contender: Name | None = Field(description="contender whose parameters are searched")
    space: str | None = Field(description="YAML file of the parameters; null takes tuning/NAME.yaml, else tuning/kind/")
    trials: Count = Field(description="settings that are tried, beside the untuned ones")
    objectives: Annotated[list[Name], Field(min_length=1)] = Field(description="metrics; several give a Pareto front")
    cost_cap_usd_per_h: Positive | None = Field(description="highest cost in calibration; null takes that of the untuned contender")
    value_usd_per_right: Positive = Field(description="worth of a right answer within its SLA, US dollars")
    calibration_seeds: Count = Field(description="replications of a trial")
    calibration_offset: Count = Field(description="root seed of the calibration less that of the evaluation")
    sampler_seed: Annotated[int, Field(ge=0)] = Field(description="seed of the search")
    startup_trials: Annotated[int, Field(ge=0)] = Field(description="random settings before the search models what it has seen")
    prune: bool = Field(description="end a trial early whose replications so far lie below the median")
    json_output: bool = Field(alias="json", description="print tune.json on standard output and nothing else there")
    output_dir: str = Field(description="folder of the search")
