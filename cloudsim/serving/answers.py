"""What a model answers: how long at which level, and whether it is right. A profile says so, or records of problems, or a network."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from cloudsim.cluster.pool import Pool
from cloudsim.config import RunConfig
from cloudsim.models.elastic import Level
from cloudsim.models.success_curves import SuccessCurves
from cloudsim.models.suite import Suite
from cloudsim.models.voting import MOST_SAMPLES, agreement
from cloudsim.serving.request import Request
from cloudsim.workload.block import Columns, RequestBlock
from cloudsim.workload.workload import Workload
from traces.tables import Floats

if TYPE_CHECKING:
    from cloudsim.serving.replica import Replica


Ints = NDArray[np.integer[Any]]


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

    def share(self, request: Request) -> float:
        """Right answers of the model that answered it, at the level and with the samples it had, as a share of all over the workload."""

    def agreement(self, request: Request, signal: float) -> float:
        """Share of the samples of its answer that say the same. Args: signal: uniform number in [0, 1) that decides where chance does."""

    def most_samples(self, pool: str) -> int:
        """Samples that a model can be asked for; 1 where answers are known ones, of which a second would be the same."""

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
        self._curves = {pool.name: self._curves_of(pool) for pool in pools if pool.measured is None}

    def give(self, request: Request, pool: str, level: Level) -> None:
        """See `Answers`."""
        share = level.tokens
        if request.effort < share:
            share = max(request.effort, min(request.reasoning_share, written(request, request.generated_tokens)))
        if share != 1.0 or request.retries or request.samples > 1:
            request.output_tokens = max(answer_tokens(request, share), request.generated_tokens + 1)
        request.level = request.token_level = level
        request.reasoning_share = share

    def squeeze(self, request: Request, pool: str, level: Level, generated_tokens: int) -> int:
        """See `Answers`."""
        if not request.effort < level.tokens:  # else it is to write less than that anyhow
            request.token_level, request.reasoning_share = level, level.tokens
        return answer_tokens(request, request.reasoning_share)

    def right(self, request: Request) -> bool:
        """See `Answers`; of the request's two levels the leaner one counts."""
        pool, level = _answered(request)
        return self._is_right(request, pool, level, _granted(request), request.samples)

    def right_at(self, request: Request, pool: str, level: Level) -> bool:
        """See `Answers`; with all the reasoning of the level and one sample."""
        return self._is_right(request, pool, level.index, inf, 1)

    def share(self, request: Request) -> float:
        """See `Answers`."""
        pool, level = _answered(request)
        if pool in self._suites:
            return float(self._suites[pool].right[level].mean())
        return self._curves[pool].share(level, _granted(request), request.samples)

    def agreement(self, request: Request, signal: float) -> float:
        """See `Answers`."""
        if request.samples == 1:
            return 1.0
        block, pool, level = self._workload.block_of(request.index), *_answered(request)
        difficulty = block.difficulty[request.index - block.first : request.index - block.first + 1]
        granted = np.array([_granted(request)], dtype=np.float32)
        chance = self._curves[pool].chance(np.array([level]), granted, np.array([1]), difficulty)
        return agreement(float(chance[0]), request.samples, self.right(request), signal)

    def most_samples(self, pool: str) -> int:
        """See `Answers`."""
        return 1 if pool in self._suites else MOST_SAMPLES

    def settle(self, block: RequestBlock, noted: Columns) -> Mapping[str, NDArray[Any]]:
        """See `Answers`; of the request's two levels the leaner one counts."""
        leaner = np.maximum(noted["level"], noted["token_level"])
        # Where there is no reasoning, nothing of it is missing.
        granted = np.where(block.reasoning_tokens > 0, noted["reasoning_share"], np.float32(np.inf))
        right = np.zeros(len(block), dtype=np.bool_)
        for code, pool in enumerate(self._pools):
            mine = noted["pool"] == code
            columns = (leaner, granted, noted["samples"], block.difficulty, block.luck)
            right[mine] = self._right(pool.name, *(column[mine] for column in columns))
        return {"right": right}

    def _is_right(self, request: Request, pool: str, level: int, granted: float, samples: int) -> bool:
        block = self._workload.block_of(request.index)
        at = slice(request.index - block.first, request.index - block.first + 1)
        columns = np.array([level]), np.array([granted], dtype=np.float32), np.array([samples])
        return bool(self._right(pool, *columns, block.difficulty[at], block.luck[at])[0])

    def _right(
        self, pool: str, level: Ints, granted: NDArray[np.float32], samples: Ints, difficulty: Floats, luck: Floats
    ) -> NDArray[np.bool_]:
        """Whether answers of a pool are right, request by request. Shape (n,) each."""
        if pool in self._suites:
            suite = self._suites[pool]
            return np.asarray(suite.right[level, suite.pick(difficulty, luck)])
        return luck < self._curves[pool].chance(level, granted, samples, difficulty)

    def _curves_of(self, pool: Pool) -> SuccessCurves:
        score, settings = pool.model.score(self._config.family.task), self._config.workload
        alpha, beta = settings.difficulty_alpha, settings.difficulty_beta
        return SuccessCurves(score, pool.profile.levels, alpha, beta, settings.reasoning_saturation)


def answer_tokens(request: Request, share: float) -> int:
    """Length of the answer, all its samples together, when it may write a `share` of its reasoning tokens."""
    return max(1, request.full_output_tokens - round(request.reasoning_tokens * (1.0 - share))) * request.samples


def written(request: Request, generated_tokens: int) -> float:
    """Share of its reasoning tokens that a request has written among its first `generated_tokens`; those of all samples count as one."""
    reasoning = request.reasoning_tokens * request.samples
    return min(1.0, generated_tokens / reasoning) if reasoning else 0.0


def tighten(request: Request, effort: float, generated_tokens: int) -> int:
    """Let a running request write no more than a share `effort` of its reasoning tokens, or what it has written of them by now.

    Returns:
        The new length of its answer.
    """
    share = min(request.reasoning_share, max(effort, written(request, generated_tokens)))
    request.effort = request.reasoning_share = share
    return answer_tokens(request, share)


def _granted(request: Request) -> float:
    """Share of its reasoning tokens that a request was granted; where there are none, nothing is missing."""
    return request.reasoning_share if request.reasoning_tokens else inf


def _answered(request: Request) -> tuple[str, int]:
    """The pool that has the request's answer, and the leaner of its two levels."""
    return cast("Replica", request.replica).pool, max(request.level.index, request.token_level.index)


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
