"""The schema of an evaluation on text: every key, its type, its unit and its limits."""

from typing import Annotated

from pydantic import Field

from cloudsim.config import Count, Positive, Section
from cloudsim.l2a.data.self_text_mixture import TopP
from cloudsim.l2a.evaluation.config import Budgets, TimingConfig


class TextConfig(Section):
    """One evaluation on text."""

    checkpoint: Annotated[str, Field(min_length=1)] = Field(description="folder of an elastic model")
    texts: Count = Field(description="held-out texts of its dense model")
    new_tokens: Count = Field(description="longest text")
    temperature: Positive = Field(description="of the sampling of the texts")
    top_p: TopP = Field(description="smallest share of probability to draw from")
    seed: Annotated[int, Field(ge=0)] = Field(description="of the texts")
    budgets: Budgets = Field(description="budgets to measure")
    batch: Count = Field(description="texts read together")
    threads: Count = Field(description="torch threads")
    timing: TimingConfig | None = Field(description="how decode time is measured; null leaves it out")
    json_output: bool = Field(alias="json", description="print one JSON document on standard output and nothing else there")
    output_dir: Annotated[str, Field(min_length=1)] = Field(description="folder of the results and of the texts")
