"""From the words of a command line to options that can be used, or to one error with every problem at once."""

from collections.abc import Sequence

from pydantic import ValidationError

from cloudsim.composition.overrides import Composer
from cloudsim.composition.schema import problem_of
from cloudsim.errors import ConfigError
from cloudsim.l2a.evaluation.config import EvaluationConfig

CONFIG_NAME = "evaluation"


def compose(overrides: Sequence[str]) -> EvaluationConfig:
    """The options that `overrides` describe.

    Raises:
        ConfigError: one line for each problem.
    """
    with Composer(config_name=CONFIG_NAME) as composer:
        found = composer.compose(overrides)
    config, lines = None, list(found.problems)
    try:
        config = EvaluationConfig.model_validate(found.tree)
    except ValidationError as error:
        schema = EvaluationConfig.model_json_schema(by_alias=True)
        problems = [problem_of(fault, schema) for fault in error.errors(include_url=False)]
        lines += [problem.text for problem in problems if problem.path not in found.unresolved]
    if config is None or lines:
        raise ConfigError(*dict.fromkeys(lines))
    return config
