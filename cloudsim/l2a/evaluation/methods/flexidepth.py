"""FlexiDepth: routers let each token skip layers, and keys and values are made all the same (Luo et al., arXiv 2503.23798)."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers.models.llama.modeling_llama import rotate_half

from cloudsim.l2a.cache import RaggedCache
from cloudsim.l2a.decoder import Running, SkippingDecoder
from cloudsim.l2a.evaluation.contender import Contender, Spent
from cloudsim.l2a.evaluation.methods.baseline import Baseline
from cloudsim.l2a.evaluation.methods.healed import adapter_files, missing_adapter
from cloudsim.l2a.evaluation.methods.method import Setting
from cloudsim.l2a.generation import Answers
from cloudsim.l2a.layout import LayerLayout
from cloudsim.l2a.plan import DensePlanner, Planner
from cloudsim.l2a.routing_cost import RoutingCost
from cloudsim.l2a.token_router import TokenRouted, load_routed
from cloudsim.l2a.weights_folder import FLEXIDEPTH, WeightsFolder

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.tasks.suite import Question

Place = tuple[Tensor, ...]
"""Rows and columns of the tokens that run a layer. Two of shape (tokens,)."""


class RoutedDecoder(SkippingDecoder):
    """A decoder in which each token runs a layer or goes round it; its keys and values are in the cache either way.

    Plans must be dense: the routers alone decide.

    Args:
        model: with its routers.
        dtype: of the computation.

    Attributes:
        decisions: whether each token runs each routed layer, call by call since the last prefill, padding included. Boolean, shape
            (rows, new columns) each.
    """

    def __init__(self, model: TokenRouted, dtype: torch.dtype = torch.float32) -> None:
        super().__init__(model.base, dtype)
        self._first, precision = model.shape.dense_layers, torch.promote_types(dtype, torch.float32)
        self._routers = deepcopy(model.routers).to(precision).requires_grad_(False)
        self._bypasses = deepcopy(model.bypasses).to(precision).requires_grad_(False)
        self._thresholds = model.thresholds.detach().to(precision)
        self._queries, self._keys = [], []
        for weights in self.layers:
            asking = weights.inputs.shape[1] // (self._heads + 2) * self._heads
            self._queries.append(weights.inputs[:, :asking].flatten(0, 1).contiguous())
            self._keys.append(weights.inputs[:, asking:].flatten(0, 1).contiguous())
        self.decisions: list[Tensor] = []

    def runs(self, texts: list[list[int]]) -> list[Tensor]:
        """Read texts; whether each token runs each routed layer. Boolean, shape (tokens, routed layers) each."""
        self.prefill(texts, torch.ones(len(texts), 3), DensePlanner(self.groups))
        decided = torch.stack(self.decisions, dim=-1)
        return [row[len(row) - len(text) :] for row, text in zip(decided, texts, strict=True)]

    def prefill(self, prompts: list[list[int]], budget: Tensor, planner: Planner, capacity: int | None = None) -> Running:
        """See `SkippingDecoder.prefill`."""
        self.decisions = []
        return super().prefill(prompts, budget, planner, capacity)

    def run_layer(
        self, index: int, hidden: Tensor, layout: LayerLayout, cache: RaggedCache, cos: Tensor, sin: Tensor, mask: Tensor | None
    ) -> Tensor:
        """One layer on the tokens that need it, the bypass on the others; see `SkippingDecoder.run_layer`."""
        routed = index - self._first
        if routed < 0:
            return super().run_layer(index, hidden, layout, cache, cos, sin, mask)
        runs = self._routers[routed](hidden) > self._thresholds[routed]
        self.decisions.append(runs)
        keys, values = self._keys_and_values(index, hidden, cache, cos, sin)
        result = torch.empty_like(hidden)
        result[~runs] = self._bypasses[routed](hidden[~runs])
        if bool(runs.any()):
            result[runs] = self._whole(index, hidden, runs, keys, values, cos, sin, mask)
        return result

    def _keys_and_values(self, index: int, hidden: Tensor, cache: RaggedCache, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
        """Those of every token so far, the new ones added. Shape (rows, groups, columns, head size) each."""
        weights, (rows, length, _) = self.layers[index], hidden.shape
        states = nn.functional.rms_norm(hidden, (self.width,), weights.attention_norm, weights.epsilon)
        keys, values = nn.functional.linear(states, self._keys[index]).view(rows, length, self.groups, 2, -1).transpose(1, 2).unbind(3)
        if weights.key_norm is not None:
            keys = nn.functional.rms_norm(keys, keys.shape[-1:], weights.key_norm, weights.epsilon)
        keys = _turned(keys, cos.unsqueeze(1), sin.unsqueeze(1))
        stored = cache.append(index, keys.flatten(0, 1), values.flatten(0, 1))
        shape = (rows, self.groups, *stored[0].shape[1:])
        return stored[0].view(shape), stored[1].view(shape)

    def _whole(
        self, index: int, hidden: Tensor, runs: Tensor, keys: Tensor, values: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None
    ) -> Tensor:
        """The states that leave the layer, of the tokens that run it. Shape (tokens, width)."""
        weights, place = self.layers[index], runs.nonzero(as_tuple=True)
        chosen = hidden[place]
        states = nn.functional.rms_norm(chosen, (self.width,), weights.attention_norm, weights.epsilon)
        query = nn.functional.linear(states, self._queries[index]).view(len(chosen), self.groups, self._heads, -1)
        if weights.query_norm is not None:
            query = nn.functional.rms_norm(query, query.shape[-1:], weights.query_norm, weights.epsilon)
        query = _turned(query, cos[place][:, None, None], sin[place][:, None, None])
        context = _attention(query, runs, place, keys, values, mask)
        inner = chosen + nn.functional.linear(context, weights.of_groups(tuple(range(self.groups)))[1])
        states = nn.functional.rms_norm(inner, (self.width,), weights.mlp_norm, weights.epsilon)
        gate, up = nn.functional.linear(states, weights.gate_up).chunk(2, dim=-1)
        return inner + nn.functional.linear(nn.functional.silu(gate) * up, weights.down)


def _attention(query: Tensor, runs: Tensor, place: Place, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """What the heads of the tokens read. Args: query: (tokens, groups, heads, size). Returns shape (tokens, groups·heads·size)."""
    needed = runs.any(1)
    # A row's tokens stand together in the first slots, so that a row with few of them costs little.
    row, slot = (needed.cumsum(0) - 1)[place[0]], (runs.cumsum(1) - 1)[place]
    rows, slots, columns, (_, groups, heads, size) = int(needed.sum()), int(runs.sum(1).max()), keys.shape[2], query.shape
    asked = query.new_zeros(rows, slots, groups, heads, size)
    asked[row, slot] = query
    if not bool(needed.all()):
        keys, values = keys[needed], values[needed]
    scores = asked.permute(0, 2, 3, 1, 4).flatten(2, 3) @ keys.transpose(2, 3) * size**-0.5
    if mask is not None:
        hides = mask.new_zeros(rows, slots, columns)
        hides[row, slot] = mask[place]
        scores = (scores.view(rows, groups, heads, slots, columns) + hides[:, None, None]).flatten(2, 3)
    context = (torch.softmax(scores, dim=-1) @ values).view(rows, groups, heads, slots, size)
    return context.permute(0, 3, 1, 2, 4)[row, slot].flatten(1)


def _turned(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half: Tensor = rotate_half(states)  # type: ignore[no-untyped-call]
    return states * cos + half * sin


@dataclass(frozen=True, kw_only=True)
class RoutedContender(Contender):
    """A routed model. `layers` and `share` are means over all tokens that are read, prompt and answer. Args: routing: its cost."""

    routing: RoutingCost

    def spent(self, questions: "Sequence[Question]", answers: Answers) -> Spent:
        """Counted from the layers of each token; the answers are read once more for that, as whole texts."""
        assert isinstance(self.decoder, RoutedDecoder), "made with one"
        texts = [[*question.prompt, *tokens[:-1]] for question, tokens in zip(questions, answers.tokens, strict=True)]
        always = self.cost.layers - self.routing.routed
        kept = [always + runs.sum(1).double() for runs in self.decoder.runs(texts)]
        layers = torch.stack([row.mean() for row in kept])
        flops = [self.routing.flops(row, len(tokens)) for row, tokens in zip(kept, answers.tokens, strict=True)]
        kv_bytes = Contender.spent(self, questions, answers).kv_bytes
        share = self.routing.share(layers)
        return Spent(layers, layers * self.cost.groups, [""] * len(questions), share, torch.stack(flops), kv_bytes)


class FlexiDepth(Baseline):
    """Routers trained for one budget: one model a budget."""

    def missing(self, weights: WeightsFolder, budget: float) -> str | None:
        """The routers of the budget."""
        return missing_adapter(weights, FLEXIDEPTH, budget)

    def sources(self, weights: WeightsFolder, budget: float) -> Sequence[Any]:
        """The routers and their shape."""
        return adapter_files(weights, FLEXIDEPTH, budget)

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> Contender:
        """The dense model with the routers of the budget."""
        model = load_routed(bench.dense, adapter_files(bench.weights, FLEXIDEPTH, budget)[0])
        planner = DensePlanner(bench.cost.groups)
        vector = (1.0, 1.0, bench.tokens)
        return RoutedContender(RoutedDecoder(model), bench.cost, lambda _: planner, vector, routing=RoutingCost.of(model))
