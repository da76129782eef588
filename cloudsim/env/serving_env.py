"""The simulation as a Gymnasium environment."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import gymnasium
import numpy as np

from cloudsim import simulation
from cloudsim.cluster.pool import Pool
from cloudsim.composition.plan import compose
from cloudsim.composition.spelling import did_you_mean
from cloudsim.config import RunConfig
from cloudsim.env.account import Account
from cloudsim.env.inversion import Ask, InvertedRun
from cloudsim.env.modes import BudgetMode, Mode, Observation, RoutingMode, ScalingMode, nothing
from cloudsim.errors import ConfigError
from cloudsim.learning.budget_decider import BudgetTask
from cloudsim.learning.reward import Ended, RewardWeights
from cloudsim.simulation import Host, RunTables, build_pools, simulate

MODES = ("budget", "routing", "scaling")
MASK = "action_mask"


class ServingEnv(gymnasium.Env[Observation, Any]):
    """One contender of an experiment, in which an agent takes the place of one policy; an episode is one replication.

    `reset(seed=s)` begins replication 0 of the experiment with seed s, and each `reset()` after it the next replication; the option
    `replication` of a reset chooses another one. The same seed and actions give the same episode, to the byte of its tables, and what the
    agent decides is the only difference to `python -m cloudsim run`. An episode terminates at the horizon, with an observation of zeros,
    and is never truncated.

    Observations are dicts of numbers in [0, 1]; `cloudsim.learning.features` says what they are and in which units before that. Actions:

    - budget: index of a budget, 0 for the full model. Asked as requests come (see `hold_s`).
    - routing: place of a replica in `replicas`. `action_mask` has 1 where there is one; else the least outstanding gets the request.
    - scaling: for each pool 0, 1 or 2, for one instance fewer, as many, or one more. Asked at each control interval.

    The reward is that of `RewardWeights` for what happened since the last decision, so its sum is that of the run's tables. `info` has its
    parts (`met_sla`, `right`, `missed`, `cost_usd`), `now_s`, and `invalid` where an action could not be taken as it was; in routing mode
    `action_mask` too, as `Discrete.sample` wants it.

    Args:
        config: an experiment, or the overrides that `python -m cloudsim run` would take for it.
        contender: its name in that.
        mode: "budget", "routing" or "scaling".
        weights: of the reward; all 1 if None.
        hold_s: in budget mode, see `BudgetTask`.
        most: places for replicas in routing mode (None: as many as the contender has at first), and the largest target of a pool in scaling
            mode (None: twice all instances the contender has at first).

    Attributes:
        tables: of the last episode that has ended; None before that.

    Raises:
        ConfigError: one line for each problem.
    """

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self, config: RunConfig | Sequence[str], contender: str, mode: str, weights: RewardWeights | None = None, hold_s: float = 0.0,
        most: int | None = None,
    ) -> None:  # fmt: skip
        self._config = config if isinstance(config, RunConfig) else compose(config, None, simulation.problems).config
        self._contender, self._weights = contender, weights or RewardWeights()
        self._mode = _mode(self._config, contender, mode, hold_s, most)
        self.action_space = self._mode.actions
        self.observation_space = cast("gymnasium.Space[Observation]", self._mode.observations)
        self._seed, self._replication = self._config.seed, -1
        self._run: InvertedRun | None = None
        self._agent: object = None
        self._account = Account()
        self.tables: RunTables | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode, and go on to its first decision."""
        super().reset(seed=seed)
        self.close()
        self._seed, self._replication = (self._seed, self._replication + 1) if seed is None else (seed, 0)
        self._replication = (options or {}).get("replication", self._replication)
        self._account = Account()
        self._run = InvertedRun(self._simulate)
        seen = self._resume(self._run, None)
        # What happened before the first decision belongs to the first step: a reset has no reward.
        return self._seen(seen), self._info(Ended(0, 0, 0, 0.0), seen)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take a decision, and go on to the next one or to the end.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode, or it has ended.
            SimulationError: the run failed.
        """
        if self._run is None:
            raise gymnasium.error.ResetNeeded("there is no episode, or it has ended; call reset()")
        seen = None if self._run.tables is not None else self._resume(self._run, action)
        if seen is not None:
            ended = self._account.read()
        else:
            assert self._run.tables is not None, "it has no question left"
            self.tables, self._run = self._run.tables, None
            ended = self._account.settle(self.tables)
        return self._seen(seen), self._weights.reward(ended), seen is None, False, self._info(ended, seen)

    @property
    def budget_task(self) -> BudgetTask:
        """What the agent of budget mode is asked for."""
        assert isinstance(self._mode, BudgetMode), "it is in budget mode"
        return self._mode.task

    def close(self) -> None:
        """Give up an episode that has not ended."""
        if self._run is not None:
            self._run.close()
            self._run = None

    def _resume(self, run: InvertedRun, action: Any) -> Observation | None:
        """The next observation; None at the end."""
        try:
            seen: Observation | None = run.resume(action)
        except BaseException:
            self._run = None  # there is nothing left to go on with
            raise
        return seen

    def _simulate(self, ask: Ask) -> RunTables:
        self._agent = self._mode.agent(ask)
        host = Host({self._mode.kind: self._agent}, self._account.begin, self._account.ended)
        config = self._config.model_copy(update={"seed": self._seed})
        return simulate(config, self._contender, self._replication, host=host)

    def _seen(self, seen: Observation | None) -> Observation:
        return seen if seen is not None else nothing(self._mode.observations)

    def _info(self, ended: Ended, seen: Observation | None) -> dict[str, Any]:
        now_s = self._account.now_s if seen is not None else self._config.horizon_s
        info = {**ended._asdict(), "now_s": now_s, "invalid": getattr(self._agent, "invalid", False)}
        if MASK in self._mode.observations.spaces:
            info[MASK] = self._seen(seen)[MASK].astype(np.int8)
        return info


def _mode(config: RunConfig, contender: str, mode: str, hold_s: float, most: int | None) -> Mode:
    """The mode called so, for a contender."""
    if contender not in config.contenders:
        hint = did_you_mean(contender, config.contenders)
        raise ConfigError(f"contender: found {contender!r}; {hint}the experiment has {', '.join(config.contenders) or 'none'}")
    if mode not in MODES:
        raise ConfigError(f"mode: found {mode!r}; {did_you_mean(mode, MODES)}accepted: {', '.join(MODES)}")
    if most is not None and most < 1:
        raise ConfigError(f"most: found {most}; accepted: a whole number of at least 1")
    pools, tiers = build_pools(config, contender), len(config.tiers)
    if mode == "budget":
        return BudgetMode(_budget_task(contender, pools, tiers, hold_s))
    if hold_s:
        raise ConfigError(f"hold_s: found {hold_s:g}; only budgets hold, so it is 0 in {mode} mode")
    if mode == "routing":
        replicas = sum(pool.instances * (pool.instance.gpus // config.engine.gpus) for pool in pools.values())
        return RoutingMode(tiers, most or max(1, replicas))
    return ScalingMode(list(pools), most or max(1, 2 * sum(pool.instances for pool in pools.values())))


def _budget_task(contender: str, pools: Mapping[str, Pool], tiers: int, hold_s: float) -> BudgetTask:
    budgets = {level.budget for pool in pools.values() if len(pool.profile.levels) > 1 for level in pool.profile.levels}
    if not budgets:
        models = ", ".join(f"{name} ({pool.model.name})" for name, pool in pools.items())
        raise ConfigError(f"contender {contender} has no elastic pool, so no budget is asked for; its pools: {models}")
    try:
        return BudgetTask(tuple(sorted(budgets, reverse=True)), tiers, hold_s)
    except ValueError as error:
        raise ConfigError(str(error)) from None
