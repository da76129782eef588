"""What a model answers: how long at which level, and whether it is right. A profile says so, or records of problems, or a network."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from cloudsim.cluster.pool import Pool
from cloudsim.config import RunConfig
from cloudsim.models.elastic import Level
from cloudsim.models.quality import fit_threshold, success
from cloudsim.models.suite import Suite
from cloudsim.serving.request import Request
from cloudsim.workload.block import Columns, RequestBlock
from cloudsim.workload.workload import Workload

if TYPE_CHECKING:
    from cloudsim.serving.replica import Replica


class Answers(Protocol):
    """The answers of one contender's models in one run."""

    def give(self, request: Request, pool: str, level: Level) -> None:
        """A request is dispatched to a replica of `pool` at `level`: set its `level`, `token_level` and `output_tokens`."""

    def squeeze(self, request: Request, pool: str, level: Level, generated_tokens: int) -> int:
        """Cut the reasoning of a running request down to `level`, after so many tokens; returns the new length of its answer."""

    def right(self, request: Request) -> bool:
        """Whether the answer that a request has been given is right; it counts once the request is complete."""

    def right_at(self, request: Request, pool: str, level: Level) -> bool:
        """Whether the answer that `pool` would give to a request from its start at `level` is right."""

    def settle(self, block: RequestBlock, noted: Columns) -> Mapping[str, NDArray[Any]]:
        """What became of the answers of a block whose requests have all ended; it is asked for once.

        Args:
            noted: columns of the recorder.

        Returns:
            `right`, of no meaning where there is no answer; and what is known better than the levels tell of `depth`, `width` and
            `output_tokens`. Shape (n,) each.
        """


class ProfiledAnswers:
    """Lengths of the trace, shortened by the level; right by the success curve of the published score, or by measured outcomes.

    Where outcomes were measured, a request stands for one problem of the suite at all levels and of all models, so a run that makes one
    level right more often does so for the same requests.
    """

    def __init__(self, config: RunConfig, workload: Workload, pools: Sequence[Pool]) -> None:
        self._config, self._workload, self._pools = config, workload, pools
        self._suites = {pool.name: Suite(pool.measured) for pool in pools if pool.measured is not None}
        self._thresholds = {pool.name: self._thresholds_of(pool) for pool in pools if pool.measured is None}

    def give(self, request: Request, pool: str, level: Level) -> None:
        """See `Answers`."""
        if level.tokens != 1.0 or request.retries:
            request.output_tokens = max(answer_tokens(request, level), request.generated_tokens + 1)
        request.level = request.token_level = level

    def squeeze(self, request: Request, pool: str, level: Level, generated_tokens: int) -> int:
        """See `Answers`."""
        request.token_level = level
        return answer_tokens(request, level)

    def right(self, request: Request) -> bool:
        """See `Answers`; of the request's two levels the leaner one counts."""
        leaner = request.level if request.level.index >= request.token_level.index else request.token_level
        return self.right_at(request, cast("Replica", request.replica).pool, leaner)

    def right_at(self, request: Request, pool: str, level: Level) -> bool:
        """See `Answers`."""
        block = self._workload.block_of(request.index)
        at = request.index - block.first
        difficulty, luck = block.difficulty[at : at + 1], block.luck[at : at + 1]
        if pool in self._suites:
            suite = self._suites[pool]
            return bool(suite.right[level.index, suite.pick(difficulty, luck)][0])
        return bool((luck < success(self._thresholds[pool][level.index], difficulty))[0])

    def settle(self, block: RequestBlock, noted: Columns) -> Mapping[str, NDArray[Any]]:
        """See `Answers`; of the request's two levels the leaner one counts."""
        leaner = np.maximum(noted["level"], noted["token_level"])
        right = np.zeros(len(block), dtype=np.bool_)
        for code, pool in enumerate(self._pools):
            mine = noted["pool"] == code
            if pool.name in self._suites:
                suite = self._suites[pool.name]
                right[mine] = suite.right[leaner[mine], suite.pick(block.difficulty[mine], block.luck[mine])]
            else:
                chance = success(self._thresholds[pool.name][leaner], block.difficulty)
                right = np.where(mine, block.luck < chance, right)
        return {"right": right}

    def _thresholds_of(self, pool: Pool) -> NDArray[np.float64]:
        task, settings = self._config.family.task, self._config.workload
        score, alpha, beta = pool.model.score(task), settings.difficulty_alpha, settings.difficulty_beta
        # One more for level -1, of requests that never had a replica.
        most = max(len(one.profile.levels) for one in self._pools)
        made = np.full(most + 1, np.nan)
        made[: len(pool.profile.levels)] = [fit_threshold(score * level.quality, alpha, beta) for level in pool.profile.levels]
        return made


def answer_tokens(request: Request, level: Level) -> int:
    """Length of the answer when `level` says what is left of its reasoning."""
    return max(1, request.full_output_tokens - round(request.reasoning_tokens * (1.0 - level.tokens)))


def build_answers(config: RunConfig, workload: Workload, pools: Mapping[str, Pool]) -> Answers:
    """The answers that `model.backend` names; `ConfigError` or `ModelError` if a network cannot be loaded."""
    if config.model.backend == "profiled":
        return ProfiledAnswers(config, workload, list(pools.values()))
    from cloudsim.serving.problem_answers import ProblemAnswers

    if config.model.backend == "recorded":
        from cloudsim.serving.recorded_book import RecordedBook

        return ProblemAnswers(RecordedBook(workload, pools), pools)
    from cloudsim.l2a.live.book import LiveBook

    return ProblemAnswers(LiveBook(config, workload, pools), pools)
