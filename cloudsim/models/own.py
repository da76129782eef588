"""A user's own models: a YAML file with their shapes, their scores and what a budget does to them."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from cloudsim.catalog import entries
from cloudsim.config import Name, Positive, Section, Share
from cloudsim.errors import CloudsimError, ConfigError
from cloudsim.models.elastic import ElasticProfile, profile_of
from cloudsim.models.hugging_face import read_spec
from cloudsim.models.spec import ModelSpec
from cloudsim.section_file import read_section
from traces.provenance import Provenance

Claim = Annotated[str, Field(pattern=f"^({'|'.join(Provenance)})$")]
Origin = Annotated[str, Field(min_length=1, description="who measured or published it, and when")]


class OwnModel(Section):
    """One dense model."""

    folder: str = Field(description="folder with its config.json, as transformers writes it; relative to the file")
    kind: Annotated[str, Field(pattern="^(base|instruct)$")] = Field(description="the two are never mixed in one fleet")
    scores: Annotated[dict[Name, Annotated[float, Field(gt=0, lt=100)]], Field(min_length=1)] = Field(description="percent right by task")
    provenance: Claim = Field(description="of the scores: measured, published, projected or assumed")
    source: Origin


class OwnLevel(Section):
    """What a budget leaves of a model; shares of the full model."""

    budget: Annotated[float, Field(gt=0, le=1)]
    layer_sparsity: Annotated[float, Field(ge=0, lt=1)]
    head_sparsity: Annotated[float, Field(ge=0, lt=1)]
    tokens: Annotated[float, Field(gt=0, le=1)] = Field(description="reasoning tokens that are left")
    quality: Positive = Field(description="score over the score at full compute")
    provenance: Claim


class OwnOverhead(Section):
    """Share of compute time that the gates add."""

    value: Share
    provenance: Claim


class OwnElastic(Section):
    """One elastic model, from its full level down."""

    model: Name
    skipping: Annotated[str, Field(pattern="^(nested|independent)$")]
    gate_overhead: OwnOverhead
    source: Origin
    levels: Annotated[list[OwnLevel], Field(min_length=1)]

    @field_validator("levels")
    @classmethod
    def _from_the_full_one_down(cls, levels: list[OwnLevel]) -> list[OwnLevel]:
        first = levels[0]
        if (first.budget, first.layer_sparsity, first.head_sparsity, first.tokens, first.quality) != (1.0, 0.0, 0.0, 1.0, 1.0):
            raise ValueError("the first level is the full model: budget 1, nothing skipped, tokens and quality 1")
        for richer, leaner in pairwise(levels):
            if leaner.budget >= richer.budget:
                raise ValueError(f"budgets must fall; {leaner.budget:g} comes after {richer.budget:g}")
            if leaner.layer_sparsity < richer.layer_sparsity or leaner.head_sparsity < richer.head_sparsity:
                raise ValueError(f"a smaller budget must not skip less; {leaner.budget:g} does, beside {richer.budget:g}")
        return levels


class OwnCatalog(Section):
    """The file."""

    models: dict[Name, OwnModel] = Field(default_factory=dict)
    elastic: dict[Name, OwnElastic] = Field(default_factory=dict)


class OwnModels:
    """What `model.catalog` names.

    Args:
        path: of the file; None is an empty one.

    Raises:
        ConfigError: the file is broken, or calls a model as the catalogue does; every problem is named with its key.
    """

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path is not None else Path()
        self._found = OwnCatalog() if path is None else _load(self._path, _changed_ns(self._path))

    def model(self, name: str) -> ModelSpec | None:
        """The model of that name; None if the file has none."""
        own = self._found.models.get(name)
        if own is None:
            return None
        try:
            shape = read_spec(self._path.parent / own.folder)
        except CloudsimError as error:
            raise ConfigError(*(f"{self._path}: models.{name}.folder: {problem}" for problem in error.problems)) from None
        scores = {task: percent / 100 for task, percent in own.scores.items()}
        return replace(shape, name=name, kind=own.kind, scores=scores, source=own.source, provenance=Provenance(own.provenance))

    def profile(self, name: str, model: ModelSpec) -> ElasticProfile | None:
        """The elastic profile of that name; None if the file has none."""
        own = self._found.elastic.get(name)
        return profile_of(name, model, own.model_dump()) if own is not None else None


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise ConfigError(f"model.catalog: {path} cannot be read ({error.strerror})") from None


@cache
def _load(path: Path, changed_ns: int) -> OwnCatalog:
    own = read_section(path, OwnCatalog)
    taken = [
        f"{path}: {section}.{name}: the catalogue has one of that name; choose another"
        for section, file, names in (("models", "models.yaml", own.models), ("elastic", "elastic.yaml", own.elastic))
        for name in names
        if name in entries("cloudsim.models.catalog", file)
    ]
    if taken:
        raise ConfigError(*taken)
    return own
