"""A dense or elastic network that answers problems in batches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from cloudsim.errors import ModelError
from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.decoder import SkippingDecoder
from cloudsim.l2a.forcing import greedy
from cloudsim.l2a.gates import StopGate
from cloudsim.l2a.generation import Answers, Stopping, Words, generate
from cloudsim.l2a.live.memo import AnswerMemo, Asked, Written
from cloudsim.l2a.model_folder import read_config
from cloudsim.l2a.plan import DensePlanner, GatePlanner, Planner, budget_rows
from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.suite import Question
from cloudsim.l2a.tasks.vocabulary import build_tokenizer
from cloudsim.l2a.threads import torch_threads
from cloudsim.l2a.words import words_of


class LiveNetwork:
    """A network ready to answer; greedy, in single precision, so that neither the batch nor the order of calls changes an answer.

    Args:
        stop: its reasoning-to-answer gate, if it has one.
        mode: `dense`, `nested` or `faithful`.
    """

    def __init__(self, decoder: SkippingDecoder, planner: Planner, stop: StopGate | None, mode: str, config: Any) -> None:
        self.decoder, self.planner, self.stop, self.mode, self.config = decoder, planner, stop, mode, config
        self.tokenizer = build_tokenizer()
        self.words = words_of(self.tokenizer)
        self._memos: dict[tuple[Problem, ...], AnswerMemo] = {}

    def memo(self, problems: Sequence[Problem]) -> AnswerMemo:
        """Its answers to these problems, shared by all who ask for them."""
        return self._memos.setdefault(tuple(problems), AnswerMemo(self, problems))

    def answer(self, questions: Sequence[Question], asked: Asked) -> list[Written]:
        """Answer questions at one budget, in one batch, as an evaluation does.

        Args:
            asked: depth, width and tokens.

        Raises:
            ModelError: a question with its worked answer is longer than what the model takes, or the budget is outside [0, 1].
        """
        longest = int(self.config.max_position_embeddings)
        over = max(len(question.prompt) + len(question.worked) for question in questions)
        if over > longest:
            raise ModelError(f"a problem and its answer have {over} tokens; the model takes {longest}")
        budget = budget_rows([ComputeBudget(*asked)] * len(questions))
        with torch_threads(1):
            return _written(greedy(self.decoder, questions, budget, self.planner, self.words, self.stop))

    def go_on(self, tokens: Sequence[int], asked: Asked, thinking: bool, room: int) -> Written:
        """Read a prompt with the beginning of its answer, decide anew, and write the rest.

        Args:
            tokens: of the prompt and of what is written of the answer.
            thinking: whether the reasoning is still to come to its end.
            room: longest rest, in tokens.
        """
        budget = budget_rows([ComputeBudget(*asked)])
        words = self.words if thinking else Words(self.words.end, (), self.words.digits)
        stopping = Stopping(self.stop, budget) if self.stop is not None else None
        with torch_threads(1):
            [written] = _written(generate(self.decoder, [tokens], budget, self.planner, words, room, stopping=stopping))
        return written


def _written(answers: Answers) -> list[Written]:
    layers, units = answers.plan.layers.tolist(), answers.plan.groups.sum((1, 2)).tolist()
    rows = zip(answers.tokens, answers.think_tokens, layers, units, strict=True)
    return [Written(tuple(tokens), think, tuple(at for at, ran in enumerate(kept) if ran), unit) for tokens, think, kept, unit in rows]


def load_network(folder: Path) -> LiveNetwork:
    """The network in a folder: an elastic model with its base, or a dense one.

    Raises:
        ModelError: it cannot be read, or its vocabulary is not that of the procedural problems.
    """
    base: Any
    stop: StopGate | None
    if read_config(folder).get("model_type") == "l2a":
        from cloudsim.l2a.network import L2AForCausalLM

        elastic = L2AForCausalLM.from_pretrained(folder)
        elastic.train(False)
        base, stop, mode = elastic.base, elastic.stop.float(), elastic.config.mode
        elastic.gates.float()
        planner: Planner = GatePlanner(elastic)
    else:
        from cloudsim.l2a.training.finished_model import load_dense

        base, stop, mode = load_dense(str(folder)).eval(), None, "dense"
        planner = DensePlanner(int(base.config.num_key_value_heads))
    words = len(build_tokenizer())
    if int(base.config.vocab_size) < words:
        raise ModelError(
            f"{folder}: its vocabulary has {base.config.vocab_size} words; the procedural problems need {words}; give a "
            "model that was trained on them"
        )
    return LiveNetwork(SkippingDecoder(base, torch.float32), planner, stop, mode, base.config)
