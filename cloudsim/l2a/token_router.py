"""Routers that let every token skip layers: FlexiDepth, *Adaptive Layer-skipping in Pre-trained LLMs* (arXiv:2503.23798)."""

import json
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from cloudsim.errors import ModelError
from cloudsim.l2a.fingerprint import weights_sha256
from cloudsim.l2a.gates import OPEN, precise, switch
from cloudsim.l2a.layer import causal_mask, gated_layer, normalised
from cloudsim.l2a.model_folder import read_tensors, write_tensors
from cloudsim.l2a.network import L2AForCausalLM

# Norm of a router's last layer at the start: small beside the thresholds, and not so small that all tokens have one score.
SPREAD = 0.3


class Router(nn.Module):
    """How much a token needs a layer, from its state before it: a two-layer gate as those of the elastic model.

    The published one has norm(tanh(·)) between its layers; on an untrained toy model it kept no difference between tokens.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)
        nn.init.normal_(self.score.weight, std=SPREAD * hidden**-0.5)

    def forward(self, hidden: Tensor) -> Tensor:
        """Scores. Args: hidden: shape (..., width). Returns shape (...)."""
        seen = nn.functional.silu(self.down(nn.functional.rms_norm(precise(hidden), hidden.shape[-1:])))
        return precise(cast(Tensor, self.score(seen)).squeeze(-1))


class Bypass(nn.Module):
    """The light adapter that a token goes through in place of a layer: h + MLP(norm(h)), narrow, and at the start h itself."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.gate_up = nn.Linear(width, 2 * inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)
        nn.init.zeros_(self.down.weight)

    def forward(self, hidden: Tensor) -> Tensor:
        """The state after the layer. Shape of `hidden`, (..., width)."""
        gate, up = self.gate_up(nn.functional.rms_norm(precise(hidden), hidden.shape[-1:])).chunk(2, dim=-1)
        return hidden + cast(Tensor, self.down(nn.functional.silu(gate) * up)).to(hidden.dtype)


@dataclass(frozen=True, slots=True)
class RoutingShape:
    """What a routed model adds to its base.

    Args:
        dense_layers: first layers, which have no router and always run. Published: half of all layers.
        reduction: by which routers are narrower than the states, and bypasses than the MLPs. Published: 16.
        lora_rank, lora_alpha: of adapters on the linear layers of the base; rank 0, as published, leaves it as it is.
    """

    dense_layers: int
    reduction: int
    lora_rank: int
    lora_alpha: int = 32


@dataclass(frozen=True, slots=True)
class RoutedOutput:
    """What a forward pass gives.

    Args:
        logits: shape (rows, length, vocabulary).
        runs: 1 where a token runs a routed layer, else 0, with straight-through gradients. Shape (rows, length, routed layers).
    """

    logits: Tensor
    runs: Tensor


class TokenRouted(nn.Module):
    """A dense model with a router and a bypass at each layer after the first few; the weights of the base are frozen.

    A token runs a layer if its score there is above the layer's threshold. Thresholds start so low that every token runs every layer.

    `forward` computes layer and bypass for every token and takes one of them: the form in which the model is trained. A token that skips a
    layer still makes its keys and values there, and attends to nothing. (`evaluation.methods.flexidepth` really skips.)

    Args:
        base: a Llama or Qwen3 of `transformers`, adapters injected or not.
        shape: what is added.

    Raises:
        ModelError: no layer is left for a router.
    """

    def __init__(self, base: Any, shape: RoutingShape) -> None:
        super().__init__()
        config = base.config
        layers, width, inner = int(config.num_hidden_layers), int(config.hidden_size), int(config.intermediate_size)
        if not 0 <= shape.dense_layers < layers:
            raise ModelError(f"dense_layers is {shape.dense_layers}; of {layers} layers, 0 to {layers - 1} can be left without a router")
        self.base, self.shape, self._groups = base, shape, int(config.num_key_value_heads)
        routed = range(shape.dense_layers, layers)
        self.routers = nn.ModuleList(Router(width, max(1, width // shape.reduction)) for _ in routed)
        self.bypasses = nn.ModuleList(Bypass(width, max(1, inner // shape.reduction)) for _ in routed)
        self.thresholds = nn.Parameter(torch.full((len(routed),), -OPEN))
        self._layer = gated_layer

    @classmethod
    def wrap(cls, base: nn.Module, shape: RoutingShape) -> "TokenRouted":
        """Give a dense model routers; `base` itself becomes a part of the result.

        Raises:
            ModelError: the model is of an architecture that cannot be wrapped, or has too few layers.
        """
        return cls(L2AForCausalLM.wrap(base, lora_rank=shape.lora_rank, lora_alpha=shape.lora_alpha).base, shape)

    def forward(self, input_ids: Tensor) -> RoutedOutput:
        """Run rows that are padded on the right. Args: input_ids: shape (rows, length)."""
        inner = self.base.model
        hidden = inner.embed_tokens(input_ids)
        rows, length = input_ids.shape
        cos, sin = inner.rotary_emb(hidden, torch.arange(length, device=hidden.device).unsqueeze(0))
        mask = causal_mask(length, hidden.device, hidden.dtype)
        every_row, every_group = hidden.new_ones(rows), hidden.new_ones(rows, self._groups)
        runs = []
        for index, layer in enumerate(inner.layers):
            whole = self._layer(layer, hidden, cos, sin, mask, every_row, every_group)
            routed = index - self.shape.dense_layers
            if routed < 0:
                hidden = whole
                continue
            run = switch(self.routers[routed](hidden) - self.thresholds[routed], True)
            gate = run.to(hidden.dtype).unsqueeze(-1)
            # Not as a difference, which would round where the gate is 1.
            hidden = gate * whole + (1 - gate) * self.bypasses[routed](hidden)
            runs.append(run)
        return RoutedOutput(self.base.lm_head(normalised(hidden, inner.norm)), torch.stack(runs, -1))

    def order(self, influence: Tensor) -> None:
        """Start with higher thresholds at the layers that matter less; else all would close in the same step.

        Args:
            influence: of each layer. Shape (layers,).
        """
        ranks = influence[self.shape.dense_layers :].argsort().argsort()
        with torch.no_grad():
            self.thresholds.copy_(-OPEN * (1 + 2 * ranks / max(1, len(ranks) - 1)) / 3)

    def added(self) -> dict[str, Tensor]:
        """The weights that are not the base's: routers, thresholds, bypasses and LoRA, by their names."""
        return {name: value for name, value in self.state_dict().items() if "lora_" in name or not name.startswith("base.")}

    def compile_layers(self, wanted: bool) -> None:
        """Compile the layer for training, or stop doing so; see `L2AForCausalLM.compile_layers`."""
        self._layer = cast(Any, torch.compile(gated_layer, dynamic=False)) if wanted else gated_layer


def save_routed(model: TokenRouted, path: Path, dtype: torch.dtype | None = None) -> None:
    """Write what was added to the base; its shape, and the digest of the base, stand in a JSON file beside it.

    Args:
        path: of the safetensors file.
        dtype: of the stored matrices, as they are by default. Thresholds and biases stay as they are: few, and what they decide is fine.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(path, {name: value.to(dtype) if dtype and value.ndim > 1 else value for name, value in model.added().items()})
    described = {**asdict(model.shape), "base_sha256": weights_sha256(model.base)}
    path.with_suffix(".json").write_text(json.dumps(described) + "\n", encoding="utf-8")


def load_routed(dense: nn.Module, path: Path) -> TokenRouted:
    """A copy of the dense model with the routers that `save_routed` wrote, in single precision.

    Raises:
        ModelError: a file is missing, truncated or does not fit, or the routers were trained on another model.
    """
    beside = path.with_suffix(".json")
    try:
        described = json.loads(beside.read_text(encoding="utf-8"))
        shape = RoutingShape(**{name: int(described[name]) for name in RoutingShape.__slots__})
        trained_on = str(described["base_sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{beside}: does not describe routers ({type(error).__name__}: {error}); make them again") from None
    state, own = read_tensors(path), weights_sha256(dense)
    if trained_on != own:
        raise ModelError(
            f"{path}: its routers were trained on a dense model with the sha256 {trained_on[:12]}…, and this one has {own[:12]}…; "
            "train them on this one, or put that one beside them"
        )
    model = TokenRouted.wrap(deepcopy(dense), shape)
    wanted = model.added()
    wrong = sorted(set(wanted) ^ set(state)) or [name for name in wanted if wanted[name].shape != state[name].shape]
    if wrong:
        raise ModelError(f"{path}: does not fit {beside.name} ({len(wrong)} weights differ, such as {wrong[0]}); make both again")
    model.load_state_dict({name: value.to(wanted[name].dtype) for name, value in state.items()}, strict=False)
    return model.eval()
