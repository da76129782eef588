"""How a search goes: the schema of `experiments/tune.yaml`, and the words of a command line that change it."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import Field, ValidationError

from cloudsim.composition.schema import problem_of
from cloudsim.config import Count, Name, Positive, Section
from cloudsim.errors import ConfigError


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


def read_config(words: Sequence[str]) -> tuple[TuneConfig, list[str]]:
    """The keys of the search, and the words that are none of them but overrides of the run.

    Not by Hydra, which would take `contender=NAME` for the choice of a configuration group.

    Raises:
        ConfigError: one line for each value that cannot be used.
    """
    keys = {field.alias or name for name, field in TuneConfig.model_fields.items()}
    own = [word for word in words if "=" in word and word.partition("=")[0] in keys]
    defaults = OmegaConf.create((files("experiments") / "tune.yaml").read_text(encoding="utf-8"))
    try:
        tree = OmegaConf.to_container(OmegaConf.merge(defaults, OmegaConf.from_dotlist(own)), resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{' '.join(own)}: {str(error).splitlines()[0]}") from None
    try:
        return TuneConfig.model_validate(tree), [word for word in words if word not in own]
    except ValidationError as error:
        schema = TuneConfig.model_json_schema(by_alias=True)
        raise ConfigError(*(problem_of(fault, schema).text for fault in error.errors(include_url=False))) from None
