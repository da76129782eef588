from dataclasses import dataclass, field
from typing import Annotated

import pytest
from pydantic import Field

from cloudsim.config import Component
from cloudsim.errors import ConfigError
from cloudsim.l2a.training.options import make, option_problems


@dataclass(frozen=True, slots=True)
class Weights:
    budget: float = 6.0


@dataclass(slots=True)
class Elastic:
    model: "object"
    steps: int
    span: tuple[float, float] = (1.0, 0.1)
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self):
        if self.span[0] < self.span[1]:
            raise ValueError("span must fall")


TARGET = f"{__name__}.Elastic"
GIVEN = ("model", "steps", "mixture", "name")


def test_options_are_checked_against_the_signature_and_its_limits():
    wrong = {"span": [1.0], "share": 2, "weights": {"budget": "x", "bugdet": 1}, "hsare": 1}
    problems = option_problems("stages.a", TARGET, wrong, GIVEN)
    assert {problem.path for problem in problems} == {
        "stages.a.span.1", "stages.a.share", "stages.a.weights.budget", "stages.a.weights.bugdet", "stages.a.hsare",
    }  # fmt: skip
    assert option_problems("stages.a", TARGET, {"span": [1.0, 0.5], "weights": {"budget": 3}}, GIVEN) == []


def test_a_stage_is_made_with_its_options_and_what_it_takes_of_the_rest():
    component = Component.model_validate({"_target_": TARGET})
    made = make("stages.a", component, {"span": [2.0, 1.0], "weights": {"budget": 3}}, {"model": "m", "steps": 5, "name": "a"})
    assert made == Elastic("m", 5, (2.0, 1.0), 0.5, Weights(3.0))


def test_a_value_that_the_stage_itself_refuses_is_told_with_its_path():
    component = Component.model_validate({"_target_": TARGET})
    with pytest.raises(ConfigError, match=r"stages\.a: .*span must fall"):
        make("stages.a", component, {"span": [1.0, 2.0]}, {"model": "m", "steps": 5})


def test_sizes_that_the_network_refuses_are_told_with_their_path():
    component = Component.model_validate({"_target_": "cloudsim.l2a.base.build_base"})
    with pytest.raises(ConfigError, match=r"base: .*must divide hidden"):
        make("base", component, {"hidden": 32, "heads": 3}, {})
