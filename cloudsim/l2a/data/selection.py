"""Which written problems can be used: those that a model of limited length can read."""

from collections.abc import Iterable
from dataclasses import dataclass

from cloudsim.errors import ModelError
from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.written import WrittenProblem


@dataclass(frozen=True, slots=True)
class Selection:
    """Problems that fit, in two shares.

    Args:
        training: to learn from, in the order of their source.
        held_out: the eighth kept for evaluation, chosen by the text of the question.
        too_long: problems left out since they have more than `longest_tokens`.
        longest_tokens: the most tokens of prompt and completion together.
    """

    training: tuple[WrittenProblem, ...]
    held_out: tuple[WrittenProblem, ...]
    too_long: int
    longest_tokens: int

    @property
    def report(self) -> str:
        """A few words for the user."""
        left = f"; {self.too_long:,} more are left out since they are longer than {self.longest_tokens:,} tokens" if self.too_long else ""
        return f"{len(self.training):,} problems, {len(self.held_out):,} held out{left}"


def select(problems: Iterable[WrittenProblem], rendering: Rendering, longest_tokens: int) -> Selection:
    """Read problems to their end and keep those that fit.

    Args:
        problems: as they come; only those that are kept stay in memory.
        longest_tokens: the most tokens of prompt and completion together.

    Raises:
        ModelError: every problem with words the tokenizer does not have; or no problem is left to learn from.
    """
    training: list[WrittenProblem] = []
    held_out: list[WrittenProblem] = []
    bad: list[str] = []
    seen = too_long = 0
    for problem in problems:
        seen += 1
        if unknown := rendering.unknown(problem):
            bad.append(f"{problem.source}: the tokenizer does not know {', '.join(map(repr, unknown))}; use words of its vocabulary")
            continue
        example = rendering.example(problem)
        if len(example.prompt) + len(example.completion) > longest_tokens:
            too_long += 1
        else:
            (held_out if problem.held_out else training).append(problem)
    if bad:
        raise ModelError(*bad)
    if not training:
        reasons = [f"{too_long:,} are longer than {longest_tokens:,} tokens"] if too_long else []
        reasons += [f"{len(held_out):,} belong to the eighth kept for evaluation"] if held_out else []
        raise ModelError(f"of {seen:,} problems none can be trained on: {', '.join(reasons)}; give more problems or raise the limit")
    return Selection(tuple(training), tuple(held_out), too_long, longest_tokens)
