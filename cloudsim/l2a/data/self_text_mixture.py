"""Text that the base model writes itself as the source of a training: self-distillation."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from cloudsim.config import Count, Positive
from cloudsim.l2a.data.base_tokenizer import base_tokenizer
from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.self_text import SelfText, Writing
from cloudsim.l2a.training.progress import Progress

if TYPE_CHECKING:
    from torch.nn import Module
    from transformers import PreTrainedTokenizerBase

    from cloudsim.l2a.tasks.batches import Batch, Example

LABEL = "text of the base model"
PROMPTS = 128
"""For calibration, which reads them a hundred times: with a model of this kind more would take longer than the training."""

TopP = Annotated[float, Field(gt=0, le=1)]


@dataclass(slots=True)
class SelfTextMixture:
    """A `ProblemSource` of texts that are written when the training begins, and kept in the run folder. They have no difficulties.

    Args:
        text: what writes them.
        held_out: what would write the other share; only its prompts are used.
        texts: how many.
        seed: of the drawing.
        problems: texts a step and process; fewer if there are not so many.
        rows: rows of one micro-batch; texts of like length share one.
    """

    text: SelfText
    held_out: SelfText
    texts: int
    seed: int = 0
    problems: int = 64
    rows: int = 32
    _folder: Path = Path()
    _examples: "list[Example]" = field(default_factory=list)

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """Of the base model."""
        return self.text.tokenizer

    @property
    def about(self) -> str:
        """How many texts there are, and the name of their folder, which has a digest of all they follow from."""
        return f"{self.texts:,} texts that the base model wrote itself ({self.text.name})"

    def prepare(self, folder: Path, rank: int, count: int, report: Callable[[Progress], object] | None, stop: Callable[[], object]) -> None:
        """Write every `count`-th of the blocks that are not in `folder` yet, from the one of `rank` on; see `ProblemSource`."""
        self._folder, blocks = folder, range(rank, self.text.blocks(self.texts), count)
        left, started_s = len(self.text.missing(folder, blocks)), time.perf_counter()
        written = 0

        def told(tokens: int) -> None:
            nonlocal written
            written += 1
            if report:
                each_s = (time.perf_counter() - started_s) / written
                done = len(blocks) - left + written
                report(Progress(LABEL, done, len(blocks), tokens / each_s, each_s * (left - written), {}))

        self.text.write(folder, blocks, told, stop)

    def draw(self, step: int, rank: int, reach: float = 1.0) -> "list[Batch]":
        """Micro-batches of a step. Raises: ModelError: a file of texts is missing or damaged."""
        if not self._examples:
            # Not before: another process may have written a part.
            self._examples = self.text.read(self._folder, self.texts)
        random = Random(f"self-text {self.seed} {step} {rank}")
        chosen = random.sample(self._examples, min(self.problems, len(self._examples)))
        return Rendering(self.tokenizer).batches(chosen, self.rows)

    def held_out_prompts(self, count: int) -> list[list[int]]:
        """Prompts of questions that are kept for evaluation, not more than `PROMPTS`."""
        return [self.held_out.prompt(question) for question in self.held_out.questions[: min(count, PROMPTS)]]


def from_base_model(
    model: "Module", seed: int, problems: int, rows: int, texts: Count, new_tokens: Count = 96, temperature: Positive = 0.7,
    top_p: TopP = 0.95,
) -> SelfTextMixture:  # fmt: skip
    """Answers of the base model to short questions; `problems._target_: cloudsim.l2a.data.self_text_mixture.from_base_model`.

    Args:
        model: the base model; of an elastic one, the dense model it was made of.
        seed, problems, rows: see `SelfTextMixture`; the seed is that of the texts too.
        texts: how many.
        new_tokens: longest text.
        temperature, top_p: of the sampling.

    Raises:
        ModelError: there are not so many questions, or the model does not know their words or takes fewer tokens.
    """
    tokenizer, writing = base_tokenizer(model), Writing(new_tokens, temperature, top_p, seed)
    dense = _dense(model)
    text, held_out = (SelfText(dense, tokenizer, writing, share) for share in (False, True))
    text.check(texts)
    return SelfTextMixture(text, held_out, texts, seed, problems, rows)


def _dense(model: "Module") -> "Module":
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.training.teacher import without_adapters

    return without_adapters(model) if isinstance(model, L2AForCausalLM) else model
