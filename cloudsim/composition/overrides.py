"""Composes the configuration files with Hydra and finds every override that cannot be applied, not only the first."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml
from hydra import compose, initialize_config_module
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from cloudsim.composition.explanation import explain, one_line
from cloudsim.composition.resolution import resolve
from cloudsim.errors import ConfigError

CONFIG_MODULE, CONFIG_NAME = "experiments", "config"
PACKAGES = "cloudsim.config"
"""Entry points of this group name packages with configuration groups of their own, such as `acme = "acme_policies.conf"`."""

NOT_COMPOSED = (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Composition:
    """What the overrides that could be applied give.

    Args:
        tree: the resolved configuration without Hydra's own node.
        applied: the overrides behind it, in the order they were given.
        left_out: those that could be read, but not applied.
        problems: one line for each override or interpolation that was left out.
        unresolved: paths whose interpolation failed and that `tree` therefore lacks.
        run_folder, sweep_folder: the folders Hydra will make.
    """

    tree: dict[str, Any]
    applied: tuple[str, ...]
    left_out: tuple[str, ...]
    problems: tuple[str, ...]
    unresolved: frozenset[str]
    run_folder: str
    sweep_folder: str


class Composer:
    """A context in which overrides are composed with the files of `experiments/` and of the user's `config_dir`.

    Raises:
        ConfigError: `config_dir` is no folder, or the files themselves cannot be composed.
    """

    def __init__(self, config_dir: Path | None = None, config_name: str = CONFIG_NAME) -> None:
        if config_dir is not None and not config_dir.is_dir():
            raise ConfigError(f"--config-dir {config_dir}: no such folder")
        self._config_dir, self._config_name = config_dir, config_name
        self._hydra = initialize_config_module(CONFIG_MODULE, job_name="cloudsim", version_base="1.3")

    def __enter__(self) -> Self:
        self._hydra.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._hydra.__exit__(kind, error, trace)

    def options(self, group: str) -> list[str]:
        """The choices of a configuration group that ships with the program, lies in `config_dir` or comes with an installed package."""
        return sorted({file.name.removesuffix(".yaml") for root in self._roots for file in _files(root, group)})

    def file(self, group: str, name: str) -> Traversable:
        """The file of one of the choices."""
        found = [file for root in self._roots for file in _files(root, group) if file.name == f"{name}.yaml"]
        return found[0]

    @property
    def _roots(self) -> list[Traversable]:
        """Folders of configuration groups; what comes first is taken."""
        own: list[Traversable] = [self._config_dir] if self._config_dir else []
        return [files(CONFIG_MODULE), *own, *map(files, installed_packages())]

    def compose(self, overrides: Sequence[str]) -> Composition:
        """Apply what can be applied of `overrides`; say why the rest cannot."""
        faults: list[str] = []
        parsed: dict[str, Override] = {}
        for word in dict.fromkeys(overrides):
            try:
                parsed[word] = _parse(word)
            except ConfigError as error:
                faults += error.problems
        config, applied, errors = self._apply(list(parsed))
        faults += explain([parsed[word] for word in errors], errors, config, self.options)
        resolved = resolve(config)
        hydra = config.hydra
        try:
            folders = str(hydra.run.dir), str(hydra.sweep.dir)
        except OmegaConfBaseException:
            folders = ".", "."
            faults += [] if resolved.missing else ["hydra.run.dir, hydra.sweep.dir: cannot be resolved; give output_dir=FOLDER instead"]
        problems = (*faults, *resolved.problems)
        return Composition(resolved.tree, tuple(applied), tuple(errors), problems, frozenset(resolved.missing), *folders)

    def _apply(self, words: list[str]) -> tuple[DictConfig, list[str], dict[str, Exception]]:
        """The configuration under as many of `words` as possible, these words, and the errors of the others."""
        kept, errors = list(words), dict[str, Exception]()
        config, error = self._try(kept)
        while error is not None:
            culprit, config, other = self._culprit(kept, error)
            kept.remove(culprit)
            errors[culprit], error = error, other
        assert config is not None, "what has no error was composed"
        return config, kept, errors

    def _culprit(self, words: Sequence[str], error: Exception) -> tuple[str, DictConfig | None, Exception | None]:
        """The word behind `error`, and what the others compose to: one that is named and makes another error, or one that mends it all."""
        other_error: tuple[str, DictConfig | None, Exception | None] | None = None
        for word in sorted(words, key=lambda word: not _names(str(error), _parse(word))):
            config, other = self._try([one for one in words if one != word])
            changed = str(other) != str(error)
            if other is None or (changed and _names(str(error), _parse(word))):
                return word, config, other
            if changed and other_error is None:
                other_error = word, config, other
        if other_error is None:
            raise ConfigError(f"the configuration files cannot be composed: {one_line(error)}") from error
        return other_error

    def _try(self, words: Sequence[str]) -> tuple[DictConfig | None, Exception | None]:
        own = [f"file://{self._config_dir.absolute()}"] if self._config_dir else []
        try:
            return compose(self._config_name, [*search_path(own), *words], return_hydra_config=True), None
        except NOT_COMPOSED as error:
            return None, error


def installed_packages() -> list[str]:
    """Installed packages with configuration groups, which entry points of the group `PACKAGES` name."""
    return [point.value for point in sorted(entry_points(group=PACKAGES), key=lambda point: point.name)]


def search_path(first: Sequence[str] = ()) -> list[str]:
    """The override that makes Hydra look in `first` and in installed packages too; none if there is nothing to add."""
    places = [*first, *(f"pkg://{package}" for package in installed_packages())]
    return [f"hydra.searchpath=[{','.join(json.dumps(place) for place in places)}]"] if places else []


def _files(root: Traversable, group: str) -> list[Traversable]:
    folder = root / group
    return [file for file in folder.iterdir() if file.name.endswith(".yaml")] if folder.is_dir() else []


def _names(message: str, override: Override) -> bool:
    """Whether Hydra's message names what `override` sets, which makes it the first suspect."""
    group = override.key_or_group
    marks = (f"'{group}'", f"'{group}@{override.package}'", f"'{group}/{override.value()}'")
    return any(mark in message for mark in marks)


def override_key(word: str) -> str:
    """The key that the override `word` sets, without its group."""
    override = _parse(word)
    return override.package or override.key_or_group


def _parse(word: str) -> Override:
    parser: Callable[[str], Override] = OverridesParser.create().parse_override
    try:
        override = parser(word)
    except HydraException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{word}: cannot be read as KEY=VALUE ({reason}); put values with special characters in quotes") from None
    if override.is_sweep_override():
        raise ConfigError(f"{word}: several values are a sweep and need -m; a value that has a comma goes in quotes")
    return override
