"""The search: Optuna proposes, trials are measured, and every finished one is on disk before the next is asked for.

A search that was killed goes on as if nothing had happened: the sampler is made anew for each trial from the seed and the number of
trials that have ended, so what it proposes depends on these and on what they gave, and on nothing else.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cloudsim import __version__
from cloudsim.errors import CloudsimError, ConfigError
from cloudsim.standing_run import relevant, source_digests
from cloudsim.tuning.config import TuneConfig
from cloudsim.tuning.target import CAP_TOLERANCE, COST, Target, mean_of
from cloudsim.tuning.task import Task
from cloudsim.tuning.trial import measure

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

JOURNAL = "study.journal"
STUDY = "tune"
SEEDS_APART = 1_000_003
"""The samplers of two searches have no seed in common, up to so many trials."""


class Watcher(Protocol):
    """Whoever shows how far a search is."""

    def moved(self, share: float) -> None:
        """The trial under way has done this share of its simulated time."""

    def finished(self, trial: Tried, best: Tried | None) -> None:
        """A trial has ended; the best so far."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A setting that was tried.

    Args:
        number: from 0; −1 for the untuned one.
        state: complete, pruned (ended early) or failed.
        means: of the objectives and the cost an hour, over the replications that ran; none if it failed.
        ahead: mean of the first objective less that of the untuned setting in the same replications.
        problem: why it failed.
    """

    number: int
    state: str
    setting: dict[str, Any]
    means: dict[str, float]
    ahead: float | None
    feasible: bool
    replications: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search knows.

    Args:
        untuned: the contender as it was.
        cap_usd_per_h: highest cost that counts as feasible.
        trials: all that ended, in their order.
        importances: by parameter, its share in how the first objective varies (PED-ANOVA); empty where too little was tried.
    """

    target: Target
    untuned: Tried
    cap_usd_per_h: float
    trials: tuple[Tried, ...]
    importances: dict[str, float]

    @property
    def candidates(self) -> list[Tried]:
        """The untuned setting and the complete ones within the cap; the untuned one counts whatever it costs."""
        return [self.untuned, *(one for one in self.trials if one.state == "complete" and one.feasible)]

    @property
    def best(self) -> Tried:
        """The candidate with the best first objective; of equals the one tried first."""
        first = self.target.objectives[0]
        best = self.candidates[0]
        for one in self.candidates[1:]:
            if self.target.better(one.means[first], best.means[first]):
                best = one
        return best

    @property
    def front(self) -> list[Tried]:
        """Candidates that no other beats in one objective without losing in another."""
        return [one for one in self.candidates if not any(self._dominates(other, one) for other in self.candidates)]

    def _dominates(self, one: Tried, other: Tried) -> bool:
        better = [self.target.better(one.means[name], other.means[name], at) for at, name in enumerate(self.target.objectives)]
        worse = [self.target.better(other.means[name], one.means[name], at) for at, name in enumerate(self.target.objectives)]
        return any(better) and not any(worse)


def search(task: Task, target: Target, tune: TuneConfig, folder: Path, watcher: Watcher) -> Found:
    """Search until `tune.trials` settings were tried; those that an earlier call tried are not tried again.

    Args:
        folder: where the study is kept.

    Raises:
        ConfigError: `folder` has a study of something else.
        SimulationError: the untuned contender fails.
    """
    from optuna.trial import TrialState

    study = _opened(folder, target, _identity(task, target, tune))
    base = _Base(_untuned(study, task, target, watcher), tune.cost_cap_usd_per_h)
    untuned = Tried(-1, "complete", task.untuned, base.means(), 0.0, base.excess(base.means()[COST]) <= 0, task.calibration.seeds)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)  # it was under way when the search was killed
    inner = task.space.internal(task.untuned)
    if inner is not None and not study.get_trials(deepcopy=False):
        _add_untuned(study, task, target, base, inner)
    while len(tried := _tried(study, target, base)) < tune.trials:
        _one_more(study, task, target, tune, base, len(tried), watcher)
        tried = _tried(study, target, base)
        watcher.finished(tried[-1], Found(target, untuned, base.cap, tuple(tried), {}).best)
    return Found(target, untuned, base.cap, tuple(tried[: tune.trials]), _importances(study, target))


class _Base:
    """The untuned setting, to which others are compared replication by replication, since these differ far more than settings do.

    Args:
        replications: its metrics in each. cap: highest cost an hour; None takes its own.
    """

    def __init__(self, replications: Sequence[dict[str, float]], cap: float | None) -> None:
        self.replications = replications
        self.cap = cap if cap is not None else self.means()[COST]

    def means(self, count: int | None = None) -> dict[str, float]:
        """Of the first `count` replications; None takes all."""
        return mean_of(self.replications[:count])

    def excess(self, cost_usd_per_h: float, count: int | None = None) -> float:
        """By how much a cost is above the cap, 0 or below being feasible; of fewer replications the cap is scaled as its own cost is."""
        scale = self.means(count)[COST] / self.means()[COST] if count is not None and self.means()[COST] > 0 else 1.0
        return cost_usd_per_h - self.cap * scale * (1 + CAP_TOLERANCE)


def _one_more(study: Study, task: Task, target: Target, tune: TuneConfig, base: _Base, ended: int, watcher: Watcher) -> None:
    from optuna.pruners import MedianPruner, NopPruner
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    study.sampler = TPESampler(seed=tune.sampler_seed * SEEDS_APART + ended, n_startup_trials=tune.startup_trials)
    single = len(target.objectives) == 1
    study.pruner = MedianPruner(n_startup_trials=max(1, tune.startup_trials // 2)) if tune.prune and single else NopPruner()
    trial = study.ask()
    setting = task.space.ask(trial)
    trial.set_user_attr("setting", setting)

    def go_on(replications: int, means: dict[str, float]) -> bool:
        if not single:
            return True
        first = target.objectives[0]
        trial.report(means[first] - base.means(replications)[first], replications)
        return not trial.should_prune()

    try:
        measured = measure(task.with_setting(setting), target, go_on, watcher.moved)
    except CloudsimError as error:
        trial.set_user_attr("problem", "; ".join(error.problems))
        study.tell(trial, state=TrialState.FAIL)
        return
    means, count = mean_of(measured.replications), len(measured.replications)
    values = [means[name] for name in target.objectives]
    if any(value != value for value in values):
        trial.set_user_attr("problem", "an objective is not a number: nothing was served that it could be taken of")
        study.tell(trial, state=TrialState.FAIL)
        return
    trial.set_user_attr("means", means)
    trial.set_user_attr("replications", count)
    trial.set_constraint(COST, base.excess(means[COST], count))
    if measured.whole:
        study.tell(trial, values)
    else:
        study.tell(trial, state=TrialState.PRUNED)


def _opened(folder: Path, target: Target, identity: dict[str, Any]) -> Study:
    """The study of this search, new or as it was left."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.study import StudyDirection

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / JOURNAL
    _mend(journal)
    directions = [StudyDirection.MAXIMIZE if raised else StudyDirection.MINIMIZE for raised in target.raised]
    # The identity stands beside the journal, since a study has to be known before its directions may be compared.
    marks = folder / "study.json"
    if journal.exists() and marks.exists():
        known = json.loads(marks.read_text(encoding="utf-8"))
        differs = sorted(name for name in {*known, *identity} if known.get(name) != identity.get(name))
        if differs:
            raise ConfigError(
                f"output_dir: {folder} has a search that differs in {', '.join(differs)}; choose another output_dir, or delete the folder"
            )
    else:
        marks.write_text(json.dumps(identity, indent=1) + "\n", encoding="utf-8")
    storage = JournalStorage(JournalFileBackend(str(journal)))
    return optuna.create_study(storage=storage, study_name=STUDY, directions=directions, load_if_exists=True)


def _mend(journal: Path) -> None:
    """Take away a last line that a killed search did not finish."""
    if journal.exists():
        text = journal.read_bytes()
        if text and not text.endswith(b"\n"):
            journal.write_bytes(text[: text.rfind(b"\n") + 1])


def _identity(task: Task, target: Target, tune: TuneConfig) -> dict[str, Any]:
    """What must be the same for a search to go on; the number of trials may grow."""
    parameters = {key: one.model_dump(mode="json") for key, one in task.space.parameters.items()}
    settings = tune.model_dump(mode="json", exclude={"trials", "space", "output_dir", "json_output"})
    run = relevant(task.calibration.model_dump(mode="json", by_alias=True))
    made = {
        "cloudsim": __version__,
        "policies": source_digests(task.calibration),
        "space": parameters,
        **{f"tune.{name}": value for name, value in settings.items()},
        **run,
    }
    plain: dict[str, Any] = json.loads(json.dumps(made))
    return plain


def _untuned(study: Study, task: Task, target: Target, watcher: Watcher) -> list[dict[str, float]]:
    """Each replication of the untuned contender on the calibration traces, measured once."""
    known: list[dict[str, float]] | None = study.user_attrs.get("untuned")
    if known is None:
        known = list(measure(task.calibration, target, lambda replications, means: True, watcher.moved).replications)
        study.set_user_attr("untuned", known)
    return known


def _add_untuned(study: Study, task: Task, target: Target, base: _Base, inner: dict[str, Any]) -> None:
    """Let the search know the untuned setting, without running it again."""
    from optuna.trial import create_trial

    single = len(target.objectives) == 1
    study.add_trial(
        create_trial(
            values=[base.means()[name] for name in target.objectives],
            params=inner,
            distributions=task.space.distributions(),
            constraints={COST: base.excess(base.means()[COST])},
            intermediate_values=dict.fromkeys(range(1, task.calibration.seeds), 0.0) if single else None,
            user_attrs={"untuned": True},
        )
    )


def _tried(study: Study, target: Target, base: _Base) -> list[Tried]:
    """The trials that ended, but for the untuned one and for those that were under way when a search was killed."""
    from optuna.trial import TrialState

    ended = [
        trial
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL))
        if ("problem" if trial.state == TrialState.FAIL else "means") in trial.user_attrs
    ]
    return [_told(at, trial, target, base) for at, trial in enumerate(ended)]


def _told(number: int, trial: FrozenTrial, target: Target, base: _Base) -> Tried:
    known, state = trial.user_attrs, {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}[trial.state.name]
    if "problem" in known:
        return Tried(number, state, known["setting"], {}, None, False, 0, known["problem"])
    means, count, first = known["means"], known["replications"], target.objectives[0]
    ahead = means[first] - base.means(count)[first]
    return Tried(number, state, known["setting"], means, ahead, base.excess(means[COST], count) <= 0, count)


def _importances(study: Study, target: Target) -> dict[str, float]:
    """Watanabe et al., PED-ANOVA (IJCAI 2023), of the first objective; nothing where too few settings were tried."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    def first(trial: FrozenTrial) -> float:
        return float(trial.values[0])

    evaluator, goal = PedAnovaImportanceEvaluator(), first if len(target.objectives) > 1 else None
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # with which Optuna says that all would be equal
        try:
            found = get_param_importances(study, evaluator=evaluator, target=goal)
        except (ValueError, RuntimeError, UserWarning):
            return {}
    return {name: value for name, value in found.items() if value == value}
