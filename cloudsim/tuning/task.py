"""A search, composed and checked before anything runs: the contender, its space, and the traces of calibration and evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudsim import simulation
from cloudsim.composition.components import POLICIES
from cloudsim.composition.overrides import Composer
from cloudsim.composition.plan import compose
from cloudsim.composition.spelling import did_you_mean
from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError
from cloudsim.tuning.config import TuneConfig
from cloudsim.tuning.space import Setting, Space, changed, read_space, value_at


@dataclass(frozen=True, slots=True)
class Task:
    """What is searched, on what.

    Args:
        name: of the contender. contender: its untuned configuration.
        calibration: the run of a trial; its only contender is the untuned one.
        evaluation: the run in which untuned and tuned meet, on other seeds; its only contender is the untuned one.
    """

    name: str
    contender: Mapping[str, Any]
    space: Space
    calibration: RunConfig
    evaluation: RunConfig

    @property
    def untuned(self) -> dict[str, Any]:
        """The values that the parameters have by default."""
        return {key: value_at(self.contender, key) for key in self.space.parameters}

    @property
    def tuned_name(self) -> str:
        """The name of the contender that comes out."""
        return f"{self.name}_tuned"

    def with_setting(self, setting: Setting) -> RunConfig:
        """The calibration run with other values; `ConfigError` where the contender does not take them."""
        return self._changed(self.calibration, {self.name: changed(self.contender, setting)})

    def meeting(self, setting: Setting, output_dir: Path) -> RunConfig:
        """The evaluation of the untuned contender and the tuned one."""
        met = {self.name: dict(self.contender), self.tuned_name: changed(self.contender, setting)}
        return self._changed(self.evaluation, met).model_copy(update={"output_dir": str(output_dir)})

    @staticmethod
    def _changed(config: RunConfig, contenders: Mapping[str, Any]) -> RunConfig:
        made = RunConfig.model_validate(config.model_dump(mode="json", by_alias=True) | {"contenders": dict(contenders)})
        from cloudsim.components import create

        for name, contender in made.contenders.items():
            for kind in POLICIES:
                part = getattr(contender, kind, None)
                if part is not None:
                    create(part, f"contenders.{name}.{kind}")
        return made


def plan_task(tune: TuneConfig, overrides: Sequence[str], config_dir: Path | None) -> Task:
    """Compose and check a search.

    Args:
        overrides: of the run.

    Raises:
        ConfigError: the contender is unknown, it has nothing to tune, or a run with it cannot start.
    """
    name = tune.contender
    with Composer(config_dir) as composer:
        known = composer.options("contender")
        if name is None:
            raise ConfigError(f"contender: missing; write contender=NAME; known: {', '.join(known)}")
        composed = composer.compose(overrides).tree.get("contenders") or {}
        words = list(overrides)
        if name not in composed:
            if name not in known:
                names = list(dict.fromkeys([*composed, *known]))
                raise ConfigError(f"contender={name}: unknown; {did_you_mean(name, names)}known: {', '.join(names)}")
            words.insert(0, f"+contender@contenders.{name}={name}")
    config = compose(words, config_dir, simulation.problems).config
    contender = config.model_dump(mode="json", by_alias=True)["contenders"][name]
    with Composer(config_dir) as composer:
        space = read_space(composer, name, contender, Path(tune.space) if tune.space is not None else None)
    alone = {"contenders": {name: config.contenders[name]}}
    evaluation = config.model_copy(update=alone)
    calibration = config.model_copy(
        update=alone | {"seed": config.seed + tune.calibration_offset, "seeds": tune.calibration_seeds, "logged_share": 0.0}
    )
    assert calibration.seed != evaluation.seed, "a search never sees the traces on which it is judged"
    return Task(name, contender, space, calibration, evaluation)
