"""The problems of every stage of a training: what makes them, and the work they need before the first stage."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsim.l2a.tasks.batches import Mixture
from cloudsim.l2a.threads import torch_threads
from cloudsim.l2a.training.options import make

if TYPE_CHECKING:
    from torch.nn import Module

    from cloudsim.l2a.data.problem_source import ProblemSource
    from cloudsim.l2a.training.config import MixtureConfig, StageConfig, TrainingConfig
    from cloudsim.l2a.training.processes import Processes
    from cloudsim.l2a.training.progress import Progress, ProgressBars

KEY = "problems"


@dataclass(frozen=True, slots=True)
class StageProblems:
    """The source of each stage. Args: stages: settings; sources: both by the name of the stage."""

    stages: "Mapping[str, StageConfig]"
    sources: "Mapping[str, ProblemSource]"

    @classmethod
    def of(cls, config: "TrainingConfig", model: "Module") -> "StageProblems":
        """Make the sources; stages with the same settings share one.

        Args:
            model: the base model, before the first stage.

        Raises:
            ConfigError: with everything that is wrong with the data of a source.
        """
        made: dict[str, ProblemSource] = {}
        sources: dict[str, ProblemSource] = {}
        for name, stage in config.stages.items():
            node = stage.problems or config.problems
            asked = f"{node and node.model_dump_json()} {stage.mixture.model_dump_json()}"
            if asked not in made and node is None:
                made[asked] = _procedural(stage.mixture)
            elif asked not in made and node is not None:
                path = f"stages.{name}.{KEY}" if stage.problems else KEY
                drawing = {key: getattr(stage.mixture, key) for key in ("seed", "problems", "rows")}
                made[asked] = make(path, node, node.arguments, {"model": model, **drawing})
            sources[name] = made[asked]
        return cls(config.stages, sources)

    @property
    def about(self) -> dict[str, str]:
        """What each stage draws, in words."""
        return {name: source.about for name, source in self.sources.items()}

    def differences(self, former: Mapping[str, str]) -> list[str]:
        """Why a training may not go on: one line for each stage that drew something else before."""
        found = [
            f"stages.{name}.{KEY}: {former[name]} there, {about} now"
            for name, about in self.about.items()
            if former.get(name, about) != about
        ]
        advice = "output_dir: the training there drew other problems; give it the same ones again, or choose another output_dir"
        return [advice, *found] if found else []

    def prepare(
        self, folder: Path, processes: "Processes", bars: "ProgressBars | None", stop: Callable[[], object], begins: Callable[[str], object]
    ) -> bool:
        """Let the sources do their work; returns whether all of it is done, and false where `stop` ended it.

        Args:
            folder: the run folder.
            begins: called with the name of the stage whose source is next.
        """
        for name, source in self.sources.items():
            prepare = getattr(source, "prepare", None)
            if prepare is None:
                continue
            begins(name)
            told: list[Progress] = []

            def report(progress: "Progress", told: "list[Progress]" = told) -> None:
                told.append(progress)
                if bars:
                    bars.moved(progress)

            started_s = time.perf_counter()
            with torch_threads(self.stages[name].loop.threads):
                prepare(folder, processes.rank, processes.count, report, stop)
            # Also the place where the processes meet: nobody goes on before all files are there.
            if processes.average({"stopping": float(bool(stop()))})["stopping"]:
                return False
            if bars and told:
                bars.ended(told[-1].stage, told[-1].steps, None, (time.perf_counter() - started_s) / 3600)
        return True


def _procedural(settings: "MixtureConfig") -> Mixture:
    options = settings.model_dump()
    return Mixture(**options | {key: tuple(options[key]) for key in ("families", "in_head")})
