"""The schema of an evaluation: every key, its type, its unit and its limits."""

from typing import Annotated

from pydantic import AfterValidator, Field

from cloudsim.config import Count, Section, Share
from cloudsim.l2a.evaluation.catalog import METHODS
from cloudsim.l2a.tasks.suite import SPLITS


def _unique_budgets(budgets: list[float]) -> list[float]:
    if len({round(100 * budget) for budget in budgets}) < len(budgets):
        raise ValueError(f"found {budgets}; accepted: budgets that differ by a hundredth or more")
    return sorted(budgets, reverse=True)


def _known(names: list[str], known: tuple[str, ...]) -> list[str]:
    if wrong := [name for name in names if name not in known]:
        raise ValueError(f"found {', '.join(map(repr, wrong))}; accepted: {', '.join(known)}")
    return list(dict.fromkeys(names))


Budgets = Annotated[list[Annotated[float, Field(ge=0.2, le=1)]], Field(min_length=1), AfterValidator(_unique_budgets)]
MethodNames = Annotated[list[str], AfterValidator(lambda names: _known(names, METHODS))]
SplitNames = Annotated[list[str], Field(min_length=1), AfterValidator(lambda names: _known(names, SPLITS))]


class TimingConfig(Section):
    """The measurement of decode time."""

    batches: list[Count] = Field(description="sequences decoded together")
    budgets: Budgets = Field(description="budgets of the elastic models")
    steps: Count = Field(description="tokens decoded by each sequence in one repetition")
    repetitions: Count = Field(description="repetitions, of which the median counts")


class EvaluationConfig(Section):
    """One evaluation."""

    checkpoint: str | None = Field(description="folder of the models; null for those that come with the program")
    methods: MethodNames = Field(description="methods to measure; the dense model is always measured")
    splits: SplitNames = Field(description="problem suites")
    budgets: Budgets = Field(description="budgets of the elastic models, l2a_nested and l2a_faithful")
    baseline_budgets: Budgets = Field(description="budgets of the other methods")
    problems: Count = Field(description="problems of each split")
    tokens: Share = Field(description="tokens dimension of every budget; 1 asks for whole chains")
    seed: Annotated[int, Field(ge=0)] = Field(description="of the problems")
    calibration: Annotated[int, Field(ge=4)] = Field(description="calibration problems of the methods that search")
    batch: Count = Field(description="problems answered together")
    processes: Count = Field(description="worker processes of one thread each")
    timing: TimingConfig | None = Field(description="how decode time is measured; null leaves it out")
    json_output: bool = Field(alias="json", description="print one JSON document on standard output and nothing else there")
    output_dir: Annotated[str, Field(min_length=1)] = Field(description="folder of the results; what is finished in it stays")
