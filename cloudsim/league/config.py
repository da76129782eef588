"""What a league compares and how it scores: the schema of `experiments/league.yaml`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from cloudsim.config import Count, Name, Positive, Section

ANY = "any"
"""Stands for the kinds that are not named."""

Lenders = Annotated[dict[str, Name], Field(min_length=1)]


class LeagueConfig(Section):
    """The keys of a league."""

    value_usd_per_right: Positive = Field(description="worth of a right answer within its SLA, US dollars")
    seeds: Count = Field(description="replications of each scenario")
    contenders: Lenders = Field(description="by kind of policy, the contender that lends fleet and other policies")
    scenarios: dict[str, Lenders] = Field(description="the same for scenarios that need another fleet")

    def lender(self, kind: str, scenario: str) -> str | None:
        """The contender that lends fleet and other policies; None if none is named."""
        named: Mapping[str, str] = self.scenarios.get(scenario, {})
        return named.get(kind) or named.get(ANY) or self.contenders.get(kind) or self.contenders.get(ANY)
