"""Which written problems are used, and how they are drawn for training."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from cloudsim.errors import ModelError
from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.written import WrittenProblem
from cloudsim.l2a.tasks.batches import Batch


@dataclass(frozen=True, slots=True)
class Selection:
    """Problems that a model of limited length can read.

    Args:
        problems: in the order of their source.
        too_long: problems left out since they have more than `longest_tokens`.
        longest_tokens: the most tokens of prompt and completion together.
    """

    problems: tuple[WrittenProblem, ...]
    too_long: int
    longest_tokens: int

    @property
    def report(self) -> str:
        """One sentence for the user."""
        left = f"; {self.too_long:,} more were left out since they are longer than {self.longest_tokens:,} tokens" if self.too_long else ""
        return f"{len(self.problems):,} problems{left}"


def select(problems: Iterable[WrittenProblem], rendering: Rendering, longest_tokens: int, held_out: bool | None = None) -> Selection:
    """Read problems to their end and keep those that fit.

    Args:
        problems: as they come; only those that are kept stay in memory.
        longest_tokens: the most tokens of prompt and completion together.
        held_out: True for the share kept for evaluation, False for the rest, None for all.

    Raises:
        ModelError: every problem with words the tokenizer does not have; or no problem is left.
    """
    kept: list[WrittenProblem] = []
    bad: list[str] = []
    seen = too_long = 0
    for problem in problems:
        seen += 1
        if held_out is not None and problem.held_out != held_out:
            continue
        if unknown := rendering.unknown(problem):
            bad.append(f"{problem.source}: the tokenizer does not know {', '.join(map(repr, unknown))}; use words of its vocabulary")
            continue
        example = rendering.example(problem)
        if len(example.prompt) + len(example.completion) > longest_tokens:
            too_long += 1
        else:
            kept.append(problem)
    if bad:
        raise ModelError(*bad)
    if not kept:
        share = {None: "", True: " of the held-out eighth", False: " outside the held-out eighth"}[held_out]
        reason = f"{too_long:,} are longer than {longest_tokens:,} tokens" if too_long else "none belongs to this share"
        raise ModelError(f"of {seen:,} problems none{share} can be used: {reason}; give more problems or raise the limit")
    return Selection(tuple(kept), too_long, longest_tokens)


@dataclass(frozen=True, slots=True)
class WrittenMixture:
    """What a step's problems are drawn from; stands where `tasks.batches.Mixture` does.

    Args:
        selection: the problems.
        rendering: how they become tokens.
        seed: of the drawing.
        problems: problems a step and process; fewer if there are not so many.
        rows: rows of one micro-batch; problems of like length share one.
    """

    selection: Selection
    rendering: Rendering
    seed: int = 0
    problems: int = 64
    rows: int = 32

    def draw(self, step: int, rank: int) -> list[Batch]:
        """Micro-batches of a step; equal arguments give equal batches in any process."""
        random = Random(f"written {self.seed} {step} {rank}")
        chosen = random.sample(self.selection.problems, min(self.problems, len(self.selection.problems)))
        rows = sorted((self.rendering.example(problem) for problem in chosen), key=lambda row: len(row.prompt) + len(row.completion))
        return [self.rendering.batch(rows[first : first + self.rows]) for first in range(0, len(rows), self.rows)]
