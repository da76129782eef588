"""From the words of a command line to options that can be used, or to one error with every problem at once."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from cloudsim.composition.overrides import Composer
from cloudsim.composition.schema import problem_of
from cloudsim.config import Section
from cloudsim.errors import ConfigError

Options = TypeVar("Options", bound=Section)


def compose(overrides: Sequence[str], config_name: str, schema: type[Options]) -> Options:
    """The options that `overrides` describe.

    Args:
        overrides: KEY=VALUE words.
        config_name: of the file in `experiments` that has the defaults.
        schema: what the keys may be.

    Raises:
        ConfigError: one line for each problem.
    """
    with Composer(config_name=config_name) as composer:
        found = composer.compose(overrides)
    config, lines = None, list(found.problems)
    try:
        config = schema.model_validate(found.tree)
    except ValidationError as error:
        described = schema.model_json_schema(by_alias=True)
        problems = [problem_of(fault, described) for fault in error.errors(include_url=False)]
        lines += [problem.text for problem in problems if problem.path not in found.unresolved]
    if config is None or lines:
        raise ConfigError(*dict.fromkeys(lines))
    return config
