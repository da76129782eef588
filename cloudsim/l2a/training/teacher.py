"""The frozen dense model that an elastic one learns from."""

from copy import deepcopy
from typing import TYPE_CHECKING

from cloudsim.l2a.mask import Mask
from cloudsim.l2a.training.masks import under_masks

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.tasks.batches import Batch


class Teacher:
    """A copy of the dense model, taken before anything is added to it.

    Args:
        dense: a Llama or Qwen3 of `transformers`.
    """

    def __init__(self, dense: "Module") -> None:
        from cloudsim.l2a.network import L2AForCausalLM

        # Without adapters and under masks of one it is the dense model, computed by the same compiled layer as its pupil.
        self._network = L2AForCausalLM.wrap(deepcopy(dense), lora_rank=0).requires_grad_(False)
        self._network.train(False)

    def logits(self, batch: "Batch") -> "Tensor":
        """Its logits, without a gradient. Shape (rows, length, vocabulary)."""
        import torch

        config = self._network.config
        with torch.no_grad():
            return under_masks(self._network, batch, *Mask.full(config.layers, config.groups).tensors()).logits

    def compile_layers(self, wanted: bool) -> None:
        """As `L2AForCausalLM.compile_layers`."""
        self._network.compile_layers(wanted)


def block_influence(dense: "Module", batch: "Batch") -> "Tensor":
    """How much each layer changes the states over the targets of a batch. Shape (layers,)."""
    from cloudsim.l2a.block_influence import similarities

    return 1 - similarities(dense, batch.tokens, batch.weights > 0).mean(0)


def without_adapters(elastic: "L2AForCausalLM") -> "Module":
    """The dense model that an elastic one was made of, as a copy."""
    from transformers import AutoConfig, AutoModelForCausalLM

    described = dict(elastic.config.base)
    dense: Module = AutoModelForCausalLM.from_config(AutoConfig.for_model(described.pop("model_type"), **described))  # type: ignore[no-untyped-call]
    state = {name.replace(".base_layer", ""): value for name, value in elastic.base.state_dict().items() if "lora_" not in name}
    dense.load_state_dict(state)
    return dense
