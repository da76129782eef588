"""Early exit by confidence: each token leaves the network where the likeliest next token is clear (CALM, arXiv 2207.07061)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from cloudsim.l2a.decoder import Running, SkippingDecoder
from cloudsim.l2a.evaluation.contender import Contender, Spent
from cloudsim.l2a.evaluation.methods.baseline import Baseline
from cloudsim.l2a.evaluation.methods.method import Setting
from cloudsim.l2a.forcing import by_length, extend
from cloudsim.l2a.generation import Answers, generate
from cloudsim.l2a.plan import DensePlanner, Plan, Planner
from cloudsim.l2a.tasks.vocabulary import build_tokenizer
from cloudsim.l2a.words import words_of

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.tasks.suite import Question


@dataclass(frozen=True, slots=True)
class NumberedPlan(Plan):
    """A plan whose rows remember their numbers in the batch they began in. Args: number: shape (rows,)."""

    number: Tensor

    def rows(self, chosen: Tensor) -> "NumberedPlan":
        """The plan of some of the rows."""
        return NumberedPlan(self.layers[chosen], self.groups[chosen], self.number[chosen])


class ExitingDecoder(SkippingDecoder):
    """A decoder in which a token stops changing once its exit is confident; later layers get keys and values of the state it left with.

    Confidence is the gap between the two highest probabilities, read with the model's own head after every layer. Prompts are read whole.
    It keeps what the last batch used.

    Args:
        base: a dense model.
        threshold: confidence that is enough.
    """

    def __init__(self, base: Any, threshold: float) -> None:
        super().__init__(base)
        self._threshold = threshold
        self.depths: list[list[int]] = []

    def prefill(self, prompts: list[list[int]], budget: Tensor, planner: Planner, capacity: int | None = None) -> Running:
        """See `SkippingDecoder.prefill`."""
        running = super().prefill(prompts, budget, planner, capacity)
        running.plan = NumberedPlan(running.plan.layers, running.plan.groups, torch.arange(len(prompts)))
        self.depths = [[] for _ in prompts]
        return running

    @torch.inference_mode()
    def decode(self, running: Running, tokens: Tensor) -> None:
        """See `SkippingDecoder.decode`; layers used by each token are appended to `depths`."""
        hidden = nn.functional.embedding(tokens, self.embedding).unsqueeze(1)
        place = running.place(1, hidden)
        left = torch.zeros(len(tokens), dtype=torch.bool)
        depth = torch.zeros(len(tokens), dtype=torch.long)
        last = len(running.layouts) - 1
        for index, layout in enumerate(running.layouts):
            after = self.run_layer(index, hidden, layout, running.cache, *place)
            hidden = torch.where(left[:, None, None], hidden, after)
            depth += ~left
            if index < last:
                left = left | (confidence(self.read_out(hidden[:, 0])[1]) >= self._threshold)
        running.cache.advance(1)
        running.state, running.logits = self.read_out(hidden[:, 0])
        plan = running.plan
        assert isinstance(plan, NumberedPlan), "prefill numbered the rows"
        for row, used in zip(plan.number.tolist(), depth.tolist(), strict=True):
            self.depths[row].append(used)


class ExitingContender(Contender):
    """The dense model with early exits.

    `share` is the mean over the tokens after the prompt, with the keys and values of the layers above an exit and the readings of the head
    counted; so `flops` count them too.
    """

    def answers(self, questions: "Sequence[Question]") -> Answers:
        """What it writes, greedily."""
        budget, limits = torch.tensor([self.budget] * len(questions)), [question.limit for question in questions]
        prompts = [list(question.prompt) for question in questions]
        return generate(self.decoder, prompts, budget, self.planner(questions), words_of(build_tokenizer()), limits)

    def spent(self, questions: "Sequence[Question]", answers: Answers) -> Spent:
        """Counted from the depth of each token that was read; the last written one never is."""
        assert isinstance(self.decoder, ExitingDecoder), "made with one"
        whole = Contender.spent(self, questions, answers)
        depths = [row[: max(1, len(tokens) - 1)] for row, tokens in zip(self.decoder.depths, answers.tokens, strict=True)]
        layers = torch.tensor([sum(row) / max(1, len(row)) if row else float(self.cost.layers) for row in depths], dtype=torch.float64)
        share = torch.tensor([exit_share(self.cost, row) for row in depths], dtype=torch.float64)
        new = torch.tensor([len(tokens) - 1 for tokens in answers.tokens]).double()
        saved = (1 - share) * new * self.cost.layers * (self.cost.groups * self.cost.group + self.cost.mlp)
        return Spent(layers, layers * self.cost.groups, [""] * len(questions), share, whole.flops - saved, whole.kv_bytes)


class EarlyExit(Baseline):
    """The dense model; one threshold a budget."""

    searches = True

    def prepare(self, bench: "Bench", budgets: Sequence[float]) -> dict[float, Setting]:
        """The threshold at which worked answers of the calibration problems take the layers that the budget asks for.

        Depths are read off the dense states of all tokens at once: that leaves out what earlier exits do to later keys and values.
        """
        from cloudsim.l2a.budget import ComputeBudget
        from cloudsim.l2a.mask import target_share

        sure = torch.cat([running_confidence(bench, batch) for batch in by_length(bench.questions, 32)])
        grid = torch.linspace(0.0, 1.0, 201, dtype=torch.float64)
        shares = []
        for threshold in grid.tolist():
            depth = (sure < threshold).sum(1) + 1
            shares.append(exit_share(bench.cost, depth.tolist()))
        found: dict[float, Setting] = {}
        for budget in budgets:
            target = target_share(bench.cost, ComputeBudget.of(budget))
            nearest = min(range(len(grid)), key=lambda place: abs(shares[place] - target))
            found[budget] = {"threshold": float(grid[nearest])}
        return found

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> Contender:
        """The dense model with exits at the budget's threshold."""
        decoder, planner = ExitingDecoder(bench.dense, float((setting or {})["threshold"])), DensePlanner(bench.cost.groups)
        return ExitingContender(decoder, bench.cost, lambda _: planner, (1.0, 1.0, bench.tokens))


class _Watching(SkippingDecoder):
    """A decoder that keeps the state after each layer."""

    def __init__(self, base: Any) -> None:
        super().__init__(base)
        self.seen: list[Tensor] = []

    def run_layer(self, index: int, *given: Any) -> Tensor:
        hidden = super().run_layer(index, *given)
        self.seen.append(hidden)
        return hidden


def running_confidence(bench: "Bench", batch: Sequence[int]) -> Tensor:
    """Highest confidence so far after each layer but the last, for the tokens of worked answers. Shape (tokens, layers − 1)."""
    questions = [bench.questions[number] for number in batch]
    decoder, length = _Watching(bench.dense), max(len(question.worked) for question in questions)
    worked = torch.full((len(questions), length), -1)
    for row, question in enumerate(questions):
        worked[row, : len(question.worked)] = torch.tensor(question.worked)
    prompts = [list(question.prompt) for question in questions]
    running = decoder.prefill(prompts, torch.ones(len(prompts), 3), DensePlanner(decoder.groups))
    decoder.seen.clear()
    extend(decoder, running, worked[:, :-1].clamp(min=0))
    with torch.inference_mode():
        sure = torch.stack([confidence(decoder.read_out(hidden)[1]) for hidden in decoder.seen[:-1]], dim=-1)
    return sure[worked[:, 1:] >= 0].cummax(1).values


def confidence(logits: Tensor) -> Tensor:
    """Gap between the two highest probabilities. Args: logits: shape (..., vocabulary)."""
    highest = torch.softmax(logits.float(), dim=-1).topk(2, dim=-1).values
    return highest[..., 0] - highest[..., 1]


def exit_share(cost: Any, depths: Sequence[int]) -> float:
    """Compute of tokens that used so many layers each, as a share of the dense model's, with keys, values and exit readings counted."""
    if not depths:
        return 1.0
    layer = cost.groups * cost.group + cost.mlp
    # A group projects its query heads, a key, a value and the output of its heads: 2·heads + 2 equal parts, two of them key and value.
    heads = cost.attended / (2 * cost.kv)
    keys = cost.groups * cost.group / (heads + 1)
    spent = sum(depth * layer + (cost.layers - depth) * keys + min(depth, cost.layers - 1) * cost.head for depth in depths)
    return float(spent / (len(depths) * cost.layers * layer))
