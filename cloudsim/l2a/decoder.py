"""Prefill and decode with layers and head groups really skipped: what is not needed is not called, and leaves no keys and values."""

from typing import Any

import torch
from torch import Tensor, nn

from cloudsim.l2a.cache import RaggedCache
from cloudsim.l2a.gates import pooled
from cloudsim.l2a.layout import LayerLayout, lay_out
from cloudsim.l2a.plan import Plan, Planner
from cloudsim.l2a.weights import LayerWeights


class SkippingDecoder:
    """The layers of a dense or elastic model in a form that computes only the rows that need them.

    Weights are read when it is made, LoRA merged: train no further with it.

    Args:
        base: a Llama or Qwen3 of `transformers`, adapters injected or not.
        dtype: of the computation.
    """

    def __init__(self, base: Any, dtype: torch.dtype = torch.float32) -> None:
        config = base.config
        self.groups = int(config.num_key_value_heads)
        self.width, self.dtype = int(config.hidden_size), dtype
        self.layers = [LayerWeights.of(layer, self.groups, dtype) for layer in base.model.layers]
        self.embedding = base.model.embed_tokens.weight.detach().to(dtype)
        self._norm = base.model.norm.weight.detach().to(dtype)
        self._head = base.lm_head.weight.detach().to(dtype)
        self._rotary = base.model.rotary_emb
        self._heads = int(config.num_attention_heads) // self.groups

    @torch.inference_mode()
    def prefill(self, prompts: list[list[int]], budget: Tensor, planner: Planner, capacity: int | None = None) -> "Running":
        """Read prompts and decide what each of them runs.

        Args:
            prompts: token ids of each prompt, none empty.
            budget: (depth, width, tokens) of each. Shape (rows, 3).
            capacity: tokens of prompt and answer together that the cache shall hold at once; None lets it grow.
        """
        rows, length = len(prompts), max(map(len, prompts))
        tokens = torch.zeros(rows, length, dtype=torch.long)
        padding = torch.tensor([length - len(prompt) for prompt in prompts])
        for row, prompt in enumerate(prompts):
            tokens[row, length - len(prompt) :] = torch.tensor(prompt)
        seen = torch.arange(length) >= padding.unsqueeze(1)
        running = Running(self, padding, RaggedCache(len(self.layers), capacity))
        hidden = nn.functional.embedding(tokens, self.embedding)
        place = running.place(length, hidden)
        layers, groups = [], []
        for index in range(len(self.layers)):
            state = pooled(hidden, seen) if planner.reads(index) else None
            decision = planner.decide(index, state, budget)
            layer = decision.layer > 0.5
            group = (decision.groups > 0.5) & layer.unsqueeze(1)
            layout = lay_out(layer, group)
            hidden = self.run_layer(index, hidden, layout, running.cache, *place)
            running.layouts.append(layout)
            layers.append(layer)
            groups.append(group)
        running.cache.advance(length)
        running.plan = Plan(torch.stack(layers, 1), torch.stack(groups, 1))
        running.state, running.logits = self.read_out(hidden[:, -1])
        return running

    @torch.inference_mode()
    def decode(self, running: "Running", tokens: Tensor) -> None:
        """Add one token to every row; `running.state` and `running.logits` then belong to it. Args: tokens: shape (rows,)."""
        hidden = nn.functional.embedding(tokens, self.embedding).unsqueeze(1)
        place = running.place(1, hidden)
        for index, layout in enumerate(running.layouts):
            if layout.count:
                hidden = self.run_layer(index, hidden, layout, running.cache, *place)
        running.cache.advance(1)
        running.state, running.logits = self.read_out(hidden[:, 0])

    def rotary(self, hidden: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines at positions. Args: positions: shape (rows, length). Returns two of shape (rows, length, head size)."""
        cos, sin = self._rotary(hidden, positions)
        return cos, sin

    def read_out(self, last: Tensor) -> tuple[Tensor, Tensor]:
        """The final state and the logits of what the last layer left. Args: last: shape (..., width)."""
        state = nn.functional.rms_norm(last, (self.width,), self._norm, self.layers[0].epsilon)
        return state, nn.functional.linear(state, self._head)

    def run_layer(
        self, index: int, hidden: Tensor, layout: LayerLayout, cache: RaggedCache, cos: Tensor, sin: Tensor, mask: Tensor | None
    ) -> Tensor:
        """One layer on the rows that need it; the others pass unchanged.

        Args:
            index: of the layer.
            hidden: shape (rows, new columns, width).
            cos, sin, mask: from `Running.place`.
        """
        if not layout.count:
            return hidden
        weights = self.layers[index]
        inner = hidden if layout.rows is None else hidden[layout.rows]
        if layout.blocks:
            inner = self._attention(index, inner, layout, cache, cos, sin, mask)
        states = nn.functional.rms_norm(inner, (self.width,), weights.mlp_norm, weights.epsilon)
        gate, up = nn.functional.linear(states, weights.gate_up).chunk(2, dim=-1)
        result = inner + nn.functional.linear(nn.functional.silu(gate) * up, weights.down)
        if layout.rows is None:
            return result
        return hidden.index_copy(0, layout.rows, result)

    def _attention(
        self, index: int, inner: Tensor, layout: LayerLayout, cache: RaggedCache, cos: Tensor, sin: Tensor, mask: Tensor | None
    ) -> Tensor:
        """The residual stream of the layer's rows with attention added. Pairs of row and group are the batch of the attention."""
        weights, heads, length = self.layers[index], self._heads, inner.shape[1]
        states = nn.functional.rms_norm(inner, (self.width,), weights.attention_norm, weights.epsilon)
        parts = []
        for block in layout.blocks:
            chosen = states if block.rows is None else states[block.rows]
            projected = nn.functional.linear(chosen, weights.of_groups(block.groups)[0])
            split = projected.view(block.count, length, len(block.groups), heads + 2, -1)
            parts.append(split.permute(0, 2, 3, 1, 4).flatten(0, 1))
        projected = parts[0] if len(parts) == 1 else torch.cat(parts)
        turned, value = projected[:, : heads + 1], projected[:, heads + 1]
        if weights.query_norm is not None and weights.key_norm is not None:
            size = (turned.shape[-1],)
            query = nn.functional.rms_norm(turned[:, :heads], size, weights.query_norm, weights.epsilon)
            turned = torch.cat([query, nn.functional.rms_norm(turned[:, heads:], size, weights.key_norm, weights.epsilon)], dim=1)
        pair = layout.pair_row
        turned = turned * cos[pair].unsqueeze(1) + _half_turn(turned) * sin[pair].unsqueeze(1)
        keys, values = cache.append(index, turned[:, heads], value)
        query = turned[:, :heads].flatten(1, 2)
        scores = torch.bmm(query, keys.transpose(1, 2)) * turned.shape[-1] ** -0.5
        if mask is not None:
            scores = (scores.view(len(pair), heads, length, -1) + mask[pair].unsqueeze(1)).flatten(1, 2)
        context = torch.bmm(torch.softmax(scores, dim=-1), values).view(len(pair), heads, length, -1)
        first, mixed = 0, None
        for block in layout.blocks:
            mine = context[first : first + block.pairs].view(block.count, len(block.groups), heads, length, -1)
            out = nn.functional.linear(mine.permute(0, 3, 1, 2, 4).flatten(2), weights.of_groups(block.groups)[1])
            first += block.pairs
            if block.rows is None:
                mixed = out if mixed is None else mixed + out
            else:
                mixed = torch.zeros_like(inner) if mixed is None else mixed
                mixed = mixed.index_add(0, block.rows, out)
        return inner if mixed is None else inner + mixed


class Running:
    """Sequences in the middle of their answers.

    Args:
        padding: padding columns on the left of each row. Shape (rows,).

    Attributes:
        plan: what each row runs.
        state: final hidden state at the newest token. Shape (rows, width).
        logits: of the next token. Shape (rows, vocabulary).
    """

    plan: Plan
    state: Tensor
    logits: Tensor

    def __init__(self, decoder: SkippingDecoder, padding: Tensor, cache: RaggedCache) -> None:
        self._decoder, self.padding, self.cache = decoder, padding, cache
        self.layouts: list[LayerLayout] = []

    def place(self, length: int, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Rotary embedding and additive mask of the next `length` columns; no mask where nothing is hidden."""
        columns = torch.arange(self.cache.columns, self.cache.columns + length)
        cos, sin = self._decoder.rotary(hidden, (columns - self.padding.unsqueeze(1)).clamp(min=0))
        padded = bool(self.padding.any())
        if length == 1 and not padded:
            return cos, sin, None
        every = torch.arange(self.cache.columns + length)
        hidden_from = (every > columns.unsqueeze(1)).unsqueeze(0).expand(len(self.padding), -1, -1)
        if padded:
            hidden_from = hidden_from | (every < self.padding.unsqueeze(1)).unsqueeze(1)
        return cos, sin, torch.zeros(hidden_from.shape, dtype=hidden.dtype).masked_fill(hidden_from, torch.finfo(hidden.dtype).min)

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the rows. Args: rows: their numbers, ascending."""
        position = torch.full((len(self.padding),), -1)
        position[rows] = torch.arange(len(rows))
        self.plan, self.padding = self.plan.rows(rows), self.padding[rows]
        for index, layout in enumerate(self.layouts):
            new = lay_out(self.plan.layers[:, index], self.plan.groups[:, index])
            where = {pair: number for number, pair in enumerate(zip(layout.pair_row.tolist(), layout.pair_group.tolist(), strict=True))}
            old = [where[int(rows[row]), group] for row, group in zip(new.pair_row.tolist(), new.pair_group.tolist(), strict=True)]
            self.cache.keep(index, torch.tensor(old, dtype=torch.long))
            self.layouts[index] = new
        self.state, self.logits = self.state[rows], self.logits[rows]


def _half_turn(states: Tensor) -> Tensor:
    first, second = states.chunk(2, dim=-1)
    return torch.cat([-second, first], dim=-1)
