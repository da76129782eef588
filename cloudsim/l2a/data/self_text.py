"""Texts that a dense model writes itself: what it can be imitated on, without any data from outside."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.atomic_file import replace_text
from cloudsim.errors import ModelError
from cloudsim.l2a.data.questions import short_questions
from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.written import WrittenProblem
from cloudsim.l2a.tasks.batches import Example

if TYPE_CHECKING:
    from torch.nn import Module
    from transformers import PreTrainedTokenizerBase

BLOCK = 32
"""Texts written together, and kept in one file."""

FORMAT = 1
"""Raised when equal arguments come to give other texts."""

DIGITS, SHOWN = 12, 3


@dataclass(frozen=True, slots=True)
class Writing:
    """How texts are written.

    Args:
        new_tokens: longest text.
        temperature, top_p: of the sampling.
        seed: of the questions' order and of the sampling.
    """

    new_tokens: int = 96
    temperature: float = 0.7
    top_p: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class SelfText:
    """The sampled answers of a dense model to short questions, in blocks.

    A block follows from its number and the arguments alone, and is one file of JSON lines, which appears when it is whole. So what lies in
    a folder is gone on with, and several processes can share the work.

    Args:
        model: the dense model.
        tokenizer: its own.
        writing: how.
        held_out: answer the questions that are kept for evaluation; else the others.
    """

    model: "Module"
    tokenizer: "PreTrainedTokenizerBase"
    writing: Writing
    held_out: bool = False

    @cached_property
    def name(self) -> str:
        """Of the folder of the blocks: it changes with the weights and with every argument."""
        from cloudsim.l2a.fingerprint import weights_sha256

        writing, questions = self.writing, "\n".join(self.questions)
        told = [
            FORMAT, BLOCK, weights_sha256(self.model), writing.new_tokens, writing.temperature, writing.top_p, writing.seed,
            sha256(questions.encode()).hexdigest(), self.prompt(self.questions[0]),
        ]  # fmt: skip
        share = "held-out" if self.held_out else "training"
        return f"self-text-{share}-{sha256(json.dumps(told).encode()).hexdigest()[:DIGITS]}"

    @cached_property
    def questions(self) -> list[str]:
        """All that can be asked, in the order of the texts."""
        return short_questions(self.writing.seed, self.held_out)

    def check(self, texts: int) -> None:
        """Raises: ModelError: there are not so many questions, or the model does not know their words or takes too few tokens."""
        config: Any = self.model.config
        most, asked = len(self.questions) // BLOCK * BLOCK, self.questions[:BLOCK]
        prompt, longest = max(len(self.prompt(question)) for question in asked), int(config.max_position_embeddings)
        bad = [f"texts: found {texts:,}; accepted: up to {most:,}, for which there are questions"] if texts > most else []
        if prompt + self.writing.new_tokens > longest:
            room = f"{longest:,} tokens, of which a question takes {prompt:,}"
            bad.append(f"new_tokens: found {self.writing.new_tokens:,}, but the model takes {room}; give a smaller number")
        rendering = Rendering(self.tokenizer)
        unknown = [word for question in asked for word in rendering.unknown(WrittenProblem(question, "", "", ""))]
        if unknown:
            words = ", ".join(list(dict.fromkeys(unknown))[:SHOWN])
            bad.append(f"the base model does not know words of the questions, such as {words}; its own text needs a model of English")
        if bad:
            raise ModelError(*bad)

    def blocks(self, texts: int) -> int:
        """Blocks that hold `texts` texts."""
        return -(-texts // BLOCK)

    def prompt(self, question: str) -> list[int]:
        """Token ids of a question."""
        return Rendering(self.tokenizer).plain_prompt(question)

    def missing(self, folder: Path, blocks: Iterable[int]) -> list[int]:
        """Those of the blocks that are not in `folder`."""
        return [block for block in blocks if not self._path(folder, block).is_file()]

    def write(self, folder: Path, blocks: Iterable[int], told: Callable[[int], object], stop: Callable[[], object] = lambda: False) -> None:
        """Write the blocks that are not in `folder` yet.

        Args:
            told: called after each of them, with its tokens, prompts included.
            stop: looked at before each of them; true ends the work.
        """
        from cloudsim.l2a.decoder import SkippingDecoder

        missing = self.missing(folder, blocks)
        if not missing:
            return
        (folder / self.name).mkdir(parents=True, exist_ok=True)
        decoder = SkippingDecoder(self.model)
        for block in missing:
            if stop():
                return
            rows = self._sampled(decoder, block)
            lines = [
                json.dumps({"question": question, "text": self.tokenizer.decode(answer), "tokens": answer}, ensure_ascii=False)
                for question, answer in rows
            ]
            replace_text(self._path(folder, block), "\n".join(lines) + "\n")
            told(sum(len(self.prompt(question)) + len(answer) for question, answer in rows))

    def read(self, folder: Path, texts: int) -> list[Example]:
        """The first `texts` texts: prompt and completion, no part of which is reasoning.

        Raises:
            ModelError: a file is missing or damaged.
        """
        found: list[Example] = []
        for block in range(self.blocks(texts)):
            path = self._path(folder, block)
            try:
                rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
                read = [Example(self.prompt(row["question"]), [int(token) for token in row["tokens"]], 0, 0, 1.0) for row in rows]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ModelError(f"{path}: cannot be read ({error}); delete it, and the same command writes it again") from None
            if len(read) != BLOCK:
                raise ModelError(f"{path}: holds {len(read)} texts, not {BLOCK}; delete it, and the same command writes it again")
            found += read
        return found[:texts]

    def _path(self, folder: Path, block: int) -> Path:
        return folder / self.name / f"{block:05d}.jsonl"

    def _sampled(self, decoder: Any, block: int) -> list[tuple[str, list[int]]]:
        import torch

        from cloudsim.l2a.generation import Words, generate
        from cloudsim.l2a.plan import DensePlanner
        from cloudsim.l2a.sampling import Sampling
        from cloudsim.l2a.words import words_of

        config: Any = self.model.config
        writing, numbers = self.writing, range(block * BLOCK, (block + 1) * BLOCK)
        questions = [self.questions[number] for number in numbers]
        answers = generate(
            decoder, [self.prompt(question) for question in questions], torch.ones(BLOCK, 3), DensePlanner(decoder.groups),
            Words(words_of(self.tokenizer).end), writing.new_tokens, sampling=Sampling(writing.temperature, writing.top_p, writing.seed),
            names=numbers, longest=int(config.max_position_embeddings),
        )  # fmt: skip
        return list(zip(questions, answers.tokens, strict=True))
