"""Written problems as the source of a training: a user's files, or tasks of `reasoning-gym`."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from cloudsim.config import Count
from cloudsim.errors import ModelError
from cloudsim.l2a.data.base_tokenizer import base_tokenizer
from cloudsim.l2a.data.gym import gym_problems
from cloudsim.l2a.data.jsonl import ACCEPTED, read_problems
from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.selection import Selection, select
from cloudsim.l2a.data.written import WrittenProblem

if TYPE_CHECKING:
    from torch.nn import Module
    from transformers import PreTrainedTokenizerBase

    from cloudsim.l2a.tasks.batches import Batch

DIGITS = 12
"""Of a digest, as it is shown."""


@dataclass(frozen=True)
class WrittenMixture:
    """A `ProblemSource` of written problems.

    Args:
        selection: the problems.
        rendering: how they become tokens.
        place: what they come from, in words.
        seed: of the drawing.
        problems: problems a step and process; fewer if there are not so many.
        rows: rows of one micro-batch; problems of like length share one.
    """

    selection: Selection
    rendering: Rendering
    place: str = "written problems"
    seed: int = 0
    problems: int = 64
    rows: int = 32

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """Of the base model."""
        return self.rendering.tokenizer

    @cached_property
    def about(self) -> str:
        """What they come from, how many they are, and a digest of them."""
        # Without their source: a file may be copied elsewhere, or split in two.
        told = ((one.question, one.reasoning, one.answer) for one in (*self.selection.training, *self.selection.held_out))
        digest = sha256("\n".join(map(repr, told)).encode()).hexdigest()
        return f"{self.place}: {self.selection.report} (sha256 {digest[:DIGITS]})"

    @cached_property
    def _easy_first(self) -> list[WrittenProblem]:
        return sorted(self.selection.training, key=lambda problem: problem.difficulty)

    def draw(self, step: int, rank: int, reach: float = 1.0) -> "list[Batch]":
        """Micro-batches of a step, from the `reach` of the problems with the shortest chains."""
        random = Random(f"written {self.seed} {step} {rank}")
        known = self._easy_first[: max(1, round(reach * len(self._easy_first)))]
        chosen = random.sample(known, min(self.problems, len(known)))
        return self.rendering.batches(map(self.rendering.example, chosen), self.rows)

    def held_out_prompts(self, count: int) -> list[list[int]]:
        """Prompts of the held-out problems; of those trained on where none is held out."""
        problems = (self.selection.held_out or self.selection.training)[:count]
        return [self.rendering.prompt(problem.question) for problem in problems]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _there(paths: list[str]) -> list[str]:
    if absent := [path for path in paths if not Path(path).is_file()]:
        raise ValueError(f"there is no file {', '.join(absent)}; accepted: files of one problem a line: {ACCEPTED}")
    return paths


Files = Annotated[list[str], Field(min_length=1), BeforeValidator(_listed), AfterValidator(_there)]
Tasks = Annotated[dict[str, dict[str, Any]], Field(min_length=1)]


def from_files(path: Files, model: "Module", seed: int, problems: int, rows: int, longest_tokens: Count = 512) -> WrittenMixture:
    """Problems of JSON Lines files: `problems: {_target_: cloudsim.l2a.data.written_mixture.from_files, path: mine.jsonl}`.

    Args:
        path: a file or a list of files; see `cloudsim.l2a.data.jsonl`.
        model: the base model, whose tokenizer is used.
        seed, problems, rows: see `WrittenMixture`.
        longest_tokens: problems with more, prompt and completion together, are left out; never more than the model takes.

    Raises:
        ModelError: every bad row of every file; or no problem fits.
    """
    bad: list[str] = []
    read: list[WrittenProblem] = []
    for each in path:
        try:
            read += read_problems(Path(each))
        except ModelError as error:
            bad += error.problems
    if bad:
        raise ModelError(*bad)
    return _mixture(read, ", ".join(Path(each).name for each in path), model, seed, problems, rows, longest_tokens)


def from_gym(
    tasks: Tasks, model: "Module", seed: int, problems: int, rows: int, count: Count = 5000, longest_tokens: Count = 512
) -> WrittenMixture:
    """Tasks of `reasoning-gym`: `problems: {_target_: cloudsim.l2a.data.written_mixture.from_gym, tasks: {chain_sum: {max_terms: 4}}}`.

    Args:
        tasks: names of data sets, each with its options; {} for its defaults.
        model, seed, problems, rows, longest_tokens: see `from_files`; the seed is that of the problems too.
        count: problems of each task.

    Raises:
        ModelError: every task that cannot be made; or no problem fits.
    """
    bad: list[str] = []
    streams: list[Iterable[WrittenProblem]] = []
    for name, options in tasks.items():
        if own := sorted({"name", "count", "seed"} & set(options)):
            bad.append(f"{name}: found the options {', '.join(own)}; the seed is that of the mixture, and count stands beside tasks")
            continue
        try:
            streams.append(gym_problems(name, count, seed, **options))
        except ModelError as error:
            bad += error.problems
    if bad:
        raise ModelError(*dict.fromkeys(bad))
    return _mixture(chain.from_iterable(streams), f"reasoning-gym {', '.join(tasks)}", model, seed, problems, rows, longest_tokens)


def _mixture(
    written: Iterable[WrittenProblem], place: str, model: "Module", seed: int, problems: int, rows: int, longest_tokens: int
) -> WrittenMixture:
    rendering = Rendering(base_tokenizer(model))
    config: Any = getattr(model, "base", model).config
    chosen = select(written, rendering, min(longest_tokens, int(config.max_position_embeddings)))
    return WrittenMixture(chosen, rendering, place, seed, problems, rows)
