"""A training from its first stage to the finished model."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from zlib import crc32

from cloudsim.errors import CloudsimError, ConfigError
from cloudsim.l2a.data.stage_problems import StageProblems
from cloudsim.l2a.training.checkpoint import Spent
from cloudsim.l2a.training.config import StageConfig, TrainingConfig
from cloudsim.l2a.training.curves import write_curves
from cloudsim.l2a.training.finished_model import file_sizes, write_model
from cloudsim.l2a.training.log import COUNTS, StageLog
from cloudsim.l2a.training.loop import LoopOptions, train
from cloudsim.l2a.training.options import make
from cloudsim.l2a.training.processes import Processes
from cloudsim.l2a.training.progress import ProgressBars
from cloudsim.l2a.training.run_folder import SCHEMA_VERSION, TrainingFolder, session

if TYPE_CHECKING:
    from torch.nn import Module

    from cloudsim.l2a.data.problem_source import ProblemSource
    from cloudsim.l2a.training.stage import Stage

FINISHED, RUNNING, INTERRUPTED, FAILED = "finished", "running", "interrupted", "failed"


@dataclass(slots=True)
class Course:
    """One training under way: its stages in their order, each from where its last session left it.

    Args:
        config: what to do.
        folder: where.
        command: how this session was started.
        stop: true when the session is to end after the step.
        processes: this process and those beside it.
    """

    config: TrainingConfig
    folder: TrainingFolder
    command: str
    stop: Callable[[], object]
    processes: Processes = field(default_factory=Processes)

    def run(self, bars: ProgressBars | None = None) -> dict[str, Any]:
        """Do all stages and write the model; returns the manifest, whose `status` is `finished` or `interrupted`.

        Raises:
            ConfigError: a stage or its problems cannot be made, or are others than before, or another training writes to the folder.
            ModelError: the training failed, or a checkpoint cannot be used; the last good checkpoint stays.
        """
        model = self._base()
        problems = StageProblems.of(self.config, model)
        with self.folder.locked() if self.processes.first else nullcontext():
            former = self.folder.open() if self.processes.first else {}
            if differences := problems.differences(former.get("data", {})):
                raise ConfigError(*differences)
            manifest = self._manifest(former) | {"data": problems.about}
            try:
                if problems.prepare(self.folder.path, self.processes, bars, self.stop, lambda name: self._tell(manifest, stage=name)):
                    self._stages(model, problems.sources, manifest, bars)
                else:
                    self._tell(manifest, status=INTERRUPTED)
            except Exception as error:
                lines = list(error.problems) if isinstance(error, CloudsimError) else [f"{type(error).__name__}: {error}"]
                self._tell(manifest, status=FAILED, problems=lines)
                raise
            return manifest

    def _stages(self, model: "Module", sources: "Mapping[str, ProblemSource]", manifest: dict[str, Any], bars: ProgressBars | None) -> None:
        stage: Stage
        for name, settings in self.config.stages.items():
            stage = self._stage(name, settings, model, sources[name])
            before = manifest["stages"].get(name, {}).get("steps", 0)
            self._tell(manifest, stage=name)
            spent = train(
                stage,
                LoopOptions(settings.steps, **settings.loop.model_dump(), seed=self.config.seed),
                self.folder.path / name,
                report=bars.moved if bars else None,
                saved=partial(self._saved, manifest, name),
                stop=self.stop,
            )
            self._saved(manifest, name, spent)
            if spent.steps < settings.steps:
                self._tell(manifest, status=INTERRUPTED)
                return
            if bars and before < settings.steps:
                bars.ended(name, spent.steps, manifest["stages"][name]["figures"].get("loss"), spent.seconds / 3600)
            model = stage.model
        if self.processes.first:
            if manifest["status"] != FINISHED or not self.folder.model.exists():
                write_model(stage, sources[name], self.folder.model, self.config.model_bf16, manifest)
            self._tell(manifest, status=FINISHED, stage=None, model=file_sizes(self.folder.model))
        else:
            manifest["status"] = FINISHED
        self.processes.wait()

    def _base(self) -> "Module":
        self._seed("base")
        base: Module = make("base", self.config.base, self.config.base.arguments, {})
        # Before the stages, so that the copies they take, such as a teacher, lie on the same device.
        return base.to(self.processes.device)

    def _stage(self, name: str, settings: StageConfig, model: "Module", source: "ProblemSource") -> "Stage":
        self._seed(name)
        given = {"model": model, "steps": settings.steps, "mixture": source, "name": name}
        stage: Stage = make(f"stages.{name}", settings, settings.arguments, given)
        stage.name = name
        return stage

    def _seed(self, purpose: str) -> None:
        import torch

        torch.manual_seed(crc32(f"{self.config.seed} {purpose}".encode()))

    def _manifest(self, former: Mapping[str, Any]) -> dict[str, Any]:
        """The manifest of the sessions before this one, with this one in it."""
        config = self.config
        threads = max(stage.loop.threads for stage in config.stages.values())
        started = session(self.command, self.processes.count, str(self.processes.device), threads)
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "kind": "training",
            "name": config.name,
            "status": former.get("status", RUNNING),
            "stage": None,
            "problems": [],
            "seed": config.seed,
            "data_seed": config.mixture.seed,
            "tokens": 0,
            "hours": 0.0,
            "stages": former.get("stages", {}),
            "model": former.get("model", {}),
            "sessions": former.get("sessions", []),
        }
        if manifest["status"] != FINISHED:
            manifest |= {"status": RUNNING, "sessions": [*manifest["sessions"], started]}
        return manifest

    def _saved(self, manifest: dict[str, Any], name: str, spent: Spent) -> None:
        if self.processes.first:
            rows = StageLog(self.folder.path / name).rows()
            last = rows[-1] if rows else {}
            figures = {figure: value for figure, value in last.items() if figure not in COUNTS}
            manifest["stages"][name] = {"steps": spent.steps, "tokens": spent.tokens, "hours": spent.seconds / 3600, "figures": figures}
            self._tell(manifest)
            logs = {stage: StageLog(self.folder.path / stage).rows() for stage in manifest["stages"]}
            write_curves(self.folder.curves, self.config.name, logs)

    def _tell(self, manifest: dict[str, Any], **facts: Any) -> None:
        stages: Mapping[str, Mapping[str, Any]] = manifest["stages"]
        totals = {name: sum(stage[name] for stage in stages.values()) for name in ("tokens", "hours")}
        if manifest["status"] == FINISHED:
            facts.pop("stage", None)
        manifest |= {**facts, **totals}
        if self.processes.first:
            self.folder.write_manifest(manifest)
