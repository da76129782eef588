"""Answers that networks write while the simulation runs."""

from collections.abc import Mapping

from cloudsim.cluster.pool import Pool
from cloudsim.config import RunConfig
from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.live.checkpoints import network_of
from cloudsim.l2a.live.memo import AnswerMemo, Asked, Written
from cloudsim.l2a.live.network import LiveNetwork
from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.suite import Question, is_right
from cloudsim.models.elastic import Level
from cloudsim.models.suite import realised_level
from cloudsim.serving.problem_answers import Answer
from cloudsim.workload.workload import Workload


class LiveBook:
    """The networks of a contender's pools at work on its requests; see `Book`.

    Greedy answers do not hang on simulated time, so those of neighbouring requests at the same level are written in one batch.
    """

    def __init__(self, config: RunConfig, workload: Workload, pools: Mapping[str, Pool]) -> None:
        self._workload, self._pools = workload, pools
        self._memos: dict[tuple[str, int], AnswerMemo] = {}
        self._networks: dict[str, LiveNetwork] = {}
        for name, pool in pools.items():
            assert pool.measured is not None, "a live run has measured pools only"
            self._networks[name] = network_of(pool.measured, config.model.measured)

    def answer(self, request: int, pool: str, level: Level) -> Answer:
        """See `Book`."""
        block = self._workload.block_of(request)
        if (pool, block.number) not in self._memos:
            self._memos[pool, block.number] = self._networks[pool].memo(block.questions)
        written = self._memos[pool, block.number].written(request - block.first, self._asked(pool, level))
        return self._read(request, pool, level, written)

    def continued(self, request: int, pool: str, level: Level, before: Answer, generated_tokens: int) -> Answer:
        """See `Book`: the tokens that are there are read as a part of the prompt, and the gates decide anew."""
        return self._go_on(request, pool, level, before.tokens[:generated_tokens])

    def cut(self, request: int, pool: str, level: Level, before: Answer, generated_tokens: int) -> Answer:
        """See `Book`: `</think> <answer>` is forced, but not inside a number, as the reasoning-to-answer gate would."""
        words = self._networks[pool].words
        ended = set(words.thought_end)
        tokens = before.tokens
        if ended.intersection(tokens[:generated_tokens]):
            return before
        at = generated_tokens
        while 0 < at < len(tokens) and tokens[at - 1] in words.digits and tokens[at] in words.digits:
            at += 1
        if at >= len(tokens) or tokens[at] in ended:
            return before
        return self._go_on(request, pool, before.level, (*tokens[:at], *words.thought_end))

    def _go_on(self, request: int, pool: str, level: Level, tokens: tuple[int, ...]) -> Answer:
        network, asked = self._networks[pool], self._asked(pool, level)
        question = Question.of(self._question(request), ComputeBudget(*asked).effort)
        thinking = not set(network.words.thought_end).intersection(tokens)
        rest = network.go_on((*question.prompt, *tokens), asked, thinking, max(1, question.limit - len(tokens)))
        return self._read(request, pool, level, Written((*tokens, *rest.tokens), rest.think_tokens, rest.layers, rest.units))

    def _question(self, request: int) -> Problem:
        block = self._workload.block_of(request)
        return block.questions[request - block.first]

    def _asked(self, pool: str, level: Level) -> Asked:
        measured = self._pools[pool].measured
        assert measured is not None
        depth, width, tokens = measured.levels[level.index].asked
        return depth, width, tokens

    def _read(self, request: int, pool: str, level: Level, written: Written) -> Answer:
        spec = self._pools[pool].model
        right = is_right(written.tokens, self._question(request))
        ran = realised_level(level, written.layers, written.units, spec.layers, spec.kv_heads)
        return Answer(ran, len(written.tokens), right, written.tokens)
