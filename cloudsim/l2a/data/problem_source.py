"""What a training asks of the problems it learns from, wherever they come from."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from cloudsim.l2a.tasks.batches import Batch


class ProblemSource(Protocol):
    """The mixture of procedural problems, a user's written problems, or text that the base model writes itself.

    The key `problems` of a recipe names what makes it: a class or function that takes its options and whichever it wants of `model` (the
    base model), `seed`, `problems` and `rows` (of the key `mixture`).

    A source that has long work to do first has a method `prepare(folder, rank, count, report, stop)`, which is called before the first
    stage in each of `count` processes and shares the work among them. It keeps what it has in `folder`, the run folder, so that the same
    call goes on with it; tells `report` its `Progress`; and returns early when `stop()` is true.

    Attributes:
        about: a few words that say what is drawn, with a digest where it comes from outside. A training does not go on under other ones.
        tokenizer: that its rows are written in, and that is saved with the model.
    """

    @property
    def about(self) -> str:
        """See above."""
        ...

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """See above."""
        ...

    def draw(self, step: int, rank: int, reach: float = 1.0) -> "list[Batch]":
        """Micro-batches of a step; equal arguments give equal batches in any process.

        Args:
            reach: share of the difficulties in use, the easy ones first, for a curriculum. Sources without difficulties do without it.
        """
        ...

    def held_out_prompts(self, count: int) -> list[list[int]]:
        """Token ids of at most `count` prompts for calibration, which training does not draw where there are others."""
        ...
