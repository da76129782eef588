"""Answers as a measured profile recorded them."""

from collections.abc import Mapping

from cloudsim.cluster.pool import Pool
from cloudsim.models.elastic import Level
from cloudsim.models.suite import Suite
from cloudsim.serving.problem_answers import Answer
from cloudsim.workload.workload import Workload


class RecordedBook:
    """The records of each pool's model on the problem that a request stands for; see `Book`.

    What was not measured is taken from what was: an answer that another level continues is that level's own, and one whose reasoning is
    cut short is as right as the leanest level's.
    """

    def __init__(self, workload: Workload, pools: Mapping[str, Pool]) -> None:
        self._suites = {name: Suite(pool.measured) for name, pool in pools.items() if pool.measured is not None}
        self._workload = workload

    def answer(self, request: int, pool: str, level: Level) -> Answer:
        """See `Book`."""
        suite, problem = self._suites[pool], self._problem(request)
        return Answer(suite.ran(level, problem), int(suite.new_tokens[level.index, problem]), bool(suite.right[level.index, problem]))

    def continued(self, request: int, pool: str, level: Level, before: Answer, generated_tokens: int) -> Answer:
        """See `Book`."""
        own = self.answer(request, pool, level)
        return Answer(own.level, max(own.new_tokens, generated_tokens + 1), own.right)

    def cut(self, request: int, pool: str, level: Level, before: Answer, generated_tokens: int) -> Answer:
        """See `Book`."""
        suite, problem, at = self._suites[pool], self._problem(request), before.level.index
        left = int(suite.think_tokens[at, problem]) - generated_tokens
        if left <= 0:
            return before
        return Answer(before.level, max(before.new_tokens - left, generated_tokens + 1), bool(suite.right[level.index, problem]))

    def _problem(self, request: int) -> int:
        block = self._workload.block_of(request)
        return int(block.problem[request - block.first])
