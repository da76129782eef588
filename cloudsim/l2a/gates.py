"""The gates: what they read, and how they decide which layers and head groups a sequence runs."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from cloudsim.l2a.fingerprint import standing

# Gates start open, so that training begins at the dense model.
OPEN = 3.0
EPSILON = 1e-4
FULL = 2.0
REACH = 0.5
"""How far a prompt may turn the nested dials, in logits: at a budget of one half, by 12 points."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What gates say about one layer.

    Args:
        layer: whether each row runs it, in [0, 1]. Shape (rows,).
        groups: whether each of its KV head groups runs. Shape (rows, groups).
    """

    layer: Tensor
    groups: Tensor


def pooled(hidden: Tensor, mask: Tensor) -> Tensor:
    """What gates read of a prompt: the mean of its normalised states, and the last one.

    Args:
        hidden: shape (rows, length, width).
        mask: True at the tokens of the prompt. Shape (rows, length).

    Returns:
        Shape (rows, 2·width).
    """
    states = precise(hidden)
    scale = (states.square().mean(-1) + torch.finfo(states.dtype).eps).rsqrt()
    weight = mask.to(states.dtype)
    with torch.autocast(states.device.type, enabled=False):
        total = torch.bmm((weight * scale).unsqueeze(1), states).squeeze(1)
    mean = total / weight.sum(1, keepdim=True).clamp(min=1)
    # The last prompt token, whichever side the padding is on.
    last = (mask.long() * torch.arange(1, mask.shape[1] + 1, device=mask.device)).argmax(1)
    rows = torch.arange(len(states), device=mask.device)
    return torch.cat([mean, states[rows, last] * scale[rows, last].unsqueeze(-1)], dim=-1)


def precise(values: Tensor) -> Tensor:
    """In single precision at least: gates are small, and their decisions are not to hang on bfloat16."""
    return values if values.dtype == torch.float64 else values.float()


def switch(logit: Tensor, hard: bool) -> Tensor:
    """σ(logit), or with `hard` its step at one half with the gradient of the soft one (straight-through)."""
    if hard and not logit.requires_grad:
        return (logit > 0).to(logit.dtype)
    soft = torch.sigmoid(logit)
    return (logit > 0).to(soft.dtype) + (soft - soft.detach()) if hard else soft


class BudgetEmbedding(nn.Module):
    """e(b): features of a budget (depth, width, tokens), shape (rows, 3) to (rows, features)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.project = nn.Linear(3, features)

    def forward(self, budget: Tensor) -> Tensor:
        """Embed budgets."""
        return torch.tanh(cast(Tensor, self.project(budget.to(self.project.weight.dtype) * 2 - 1)))


def gate_mlp(inputs: int, hidden: int, outputs: int, bias: float) -> nn.Sequential:
    """A two-layer gate that starts at `bias` whatever it reads."""
    last = nn.Linear(hidden, outputs)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.constant_(last.bias, bias)
    return nn.Sequential(nn.Linear(inputs, hidden), nn.SiLU(), last)


class FaithfulGates(nn.Module):
    """The paper's gates: at each layer α_l = σ(MLP_l([h_{l−1}; e(b)])), and β_{l,g} of the same form for its head groups.

    h_{l−1} is pooled over the prompt, and the decision holds for the sequence's life. The first layer is never skipped.
    """

    def __init__(self, layers: int, groups: int, width: int, hidden: int, features: int) -> None:
        super().__init__()
        inputs = 2 * width + features
        self.embed = BudgetEmbedding(features)
        self.layer = nn.ModuleList(gate_mlp(inputs, hidden, 1, OPEN) for _ in range(layers))
        self.group = nn.ModuleList(gate_mlp(inputs, hidden, groups, OPEN) for _ in range(layers))

    def reads(self, index: int) -> bool:
        """Whether the prompt's state before layer `index` is read."""
        return True

    def decide(self, index: int, state: Tensor | None, budget: Tensor, temperature: float, hard: bool) -> Decision:
        """Decide on layer `index`.

        Args:
            state: the pooled prompt before that layer. Shape (rows, 2·width).
            budget: shape (rows, 3).
            temperature: of the sigmoid.
            hard: decide with 0 and 1.
        """
        if state is None:
            raise ValueError("faithful gates read the prompt at every layer")
        seen = torch.cat([state, self.embed(budget)], dim=-1)
        layer = self.layer[index](seen).squeeze(-1) / temperature
        groups = self.group[index](seen) / temperature
        return Decision(torch.ones_like(layer) if index == 0 else switch(layer, hard), switch(groups, hard))


class NestedGates(nn.Module):
    """One dial for depth and one for width, read once a sequence; a layer runs if the dial stands above the layer's threshold.

    So of two sequences the one with the higher dial runs every layer that the other runs, and more. The dials stand at the budget, shifted
    by what the prompt is worth: the shift reads the prompt alone, so that a larger budget never runs less of the same prompt, and it is
    bounded, so that no prompt runs far from its budget. Thresholds stand at equal distances, in an order that a search finds before the
    training, and a dial at d runs the share d of the layers. The first layer always runs whole, since the decision is taken after it.
    """

    layer_order: Tensor
    group_order: Tensor
    decided: list[Decision] | None
    # Thresholds, and the orders they are of. (They are the same at each prompt, and to sort them takes as long as the dials.)
    _stand: tuple[list[tuple[int, int]], Tensor] | None = None

    def __init__(self, layers: int, groups: int, width: int, hidden: int) -> None:
        super().__init__()
        self.dial = gate_mlp(2 * width, 2 * hidden, 2, 0.0)
        self.register_buffer("layer_order", even(layers))
        self.register_buffer("group_order", even(layers * groups).reshape(groups, layers).T.clone())
        self.register_buffer("stops", torch.zeros(0), persistent=False)
        self.decided = None

    def order(self, layers: Tensor, groups: Tensor) -> None:
        """Let what matters least be the first to be skipped.

        Args:
            layers: importance, shape (layers,).
            groups: importance, shape (layers, groups).
        """
        with torch.no_grad():
            self.layer_order.copy_(evened(-layers))
            self.group_order.copy_(evened(-groups))

    def reads(self, index: int) -> bool:
        """Whether the prompt's state before layer `index` is read: before the second only."""
        return index == 1

    def decide(self, index: int, state: Tensor | None, budget: Tensor, temperature: float, hard: bool) -> Decision:
        """Decide on layer `index`; see `FaithfulGates.decide`. What is decided where the prompt is read holds for all later layers."""
        layers, groups = self.group_order.shape
        if index == 0:
            self.decided = None
            one = torch.ones(len(budget), 1 + groups, device=budget.device)
            return Decision(one[:, 0], one[:, 1:])
        if state is not None:
            dials = self._dials(state, budget, hard)
            # The first column is the layers'. All in one piece: a prompt alone waits for every operation, however small.
            stand = torch.cat([dials[:, :1], dials[:, 1:].expand(-1, groups)], dim=1).unsqueeze(1)
            opened = switch((stand - self._thresholds()) / temperature, hard)
            pairs = zip(opened[..., 0].unbind(1), opened[..., 1:].unbind(1), strict=True)
            self.decided = [Decision(*pair) for pair in pairs]
        if self.decided is None:
            raise ValueError("nested gates decide at the second layer, which has not been seen")
        decision = self.decided[index]
        if index == layers - 1:
            # The graph of a training step is not to outlive it.
            self.decided = None
        return decision

    def set_levels(self, count: int) -> None:
        """Let the dials rest only on `count` stops, evenly spread over [0, 1]; 0 frees them."""
        self.stops = even(count) if count else torch.zeros(0)

    def _thresholds(self) -> Tensor:
        """Where layers and their groups go out; kept as long as their orders are. Shape (layers, 1 + groups)."""
        orders = (self.layer_order, self.group_order)
        now = standing(orders)
        if self._stand is None or self._stand[0] != now:
            with torch.inference_mode(False):  # so that training can use what generation made
                self._stand = (now, torch.cat([thresholds(orders[0]).unsqueeze(1), thresholds(orders[1])], dim=1))
        return self._stand[1]

    def _dials(self, state: Tensor, budget: Tensor, hard: bool) -> Tensor:
        """Where the dials for depth and width stand. Shape (rows, 2)."""
        asked = precise(budget[:, :2])
        dials = torch.sigmoid(torch.logit(asked, EPSILON) + REACH * torch.tanh(self.dial(state)))
        if len(self.stops) and hard and not self.training:
            nearest = (dials.unsqueeze(-1) - self.stops.to(dials)).abs().argmin(-1)
            dials = self.stops.to(dials)[nearest]
        # A full budget is the whole model, whatever the prompt says.
        return dials.masked_fill(asked >= 1 - EPSILON, FULL)


def even(count: int) -> Tensor:
    """`count` values at equal distances in (0, 1), rising."""
    return (torch.arange(count) + 0.5) / count


def evened(values: Tensor) -> Tensor:
    """Values at equal distances in (0, 1), in the order of `values`; of equal ones the first comes first. Same shape."""
    flat = values.flatten()
    spread = torch.empty_like(flat)
    spread[flat.argsort(stable=True)] = even(len(flat)).to(flat)
    return spread.view_as(values)


def thresholds(order: Tensor) -> Tensor:
    """Where layers or groups go out: evenly spread in their order. Same shape.

    Args:
        order: numbers of layers, shape (layers,), or of their groups, shape (layers, groups); what has the largest goes first. The first
            layer goes last, whatever its numbers.
    """
    held = order.detach().clone()
    held[0] = -torch.inf
    return evened(held)


class StopGate(nn.Module):
    """The reasoning-to-answer gate: τ_t = σ(MLP([h_t; e(b)])) at each token of the reasoning; past one half `</think>` is forced."""

    def __init__(self, width: int, hidden: int, features: int) -> None:
        super().__init__()
        self.embed = BudgetEmbedding(features)
        self.mlp = gate_mlp(width + features, hidden, 1, -OPEN)

    def forward(self, hidden: Tensor, budget: Tensor) -> Tensor:
        """Logits of τ. Args: hidden: final states, shape (rows, length, width); budget: (rows, 3). Returns shape (rows, length)."""
        seen = nn.functional.rms_norm(precise(hidden), hidden.shape[-1:])
        embedded = self.embed(budget).unsqueeze(1).expand(-1, hidden.shape[1], -1)
        return cast(Tensor, self.mlp(torch.cat([seen, embedded], dim=-1)).squeeze(-1))
