"""What tokens cost that choose their layers one by one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

from cloudsim.errors import ModelError
from cloudsim.l2a.cost import ModelCost

if TYPE_CHECKING:
    from cloudsim.l2a.token_router import TokenRouted

Layers = TypeVar("Layers", float, Tensor)


@dataclass(frozen=True, slots=True)
class RoutingCost:
    """Costs of a routed model in floating-point operations for one token and one layer; a multiply-add counts as two.

    Args:
        dense: of the model without routers.
        keys: of the projections to keys and values, which every token makes.
        router: of a router.
        bypass: of the adapter that a skipping token goes through.
        routed: number of layers that have a router; the others always run.
    """

    dense: ModelCost
    keys: int
    router: int
    bypass: int
    routed: int

    @classmethod
    def of(cls, model: "TokenRouted") -> "RoutingCost":
        """Read the sizes of a model."""
        config = model.base.config
        dense = ModelCost.of(config)
        keys = 2 * int(config.hidden_size) * dense.kv * dense.groups
        return cls(dense, keys, _operations(model.routers[0]), _operations(model.bypasses[0]), len(model.routers))

    @property
    def layer(self) -> int:
        """Operations of the projections and the MLP of a layer."""
        return self.dense.groups * self.dense.group + self.dense.mlp

    def token(self, kept: Layers) -> Layers:
        """Projections, MLPs, routers and bypasses of a token. Args: kept: layers it runs, any shape."""
        return kept * self.layer + (self.dense.layers - kept) * (self.keys + self.bypass) + self.routed * self.router

    def share(self, kept: Layers) -> Layers:
        """`token`, as a share of the dense model's."""
        return self.token(kept) / (self.dense.layers * self.layer)

    def kept(self, share: float) -> float:
        """Mean layers that a token may run so that `share` is the result; all of them where more would be left.

        Raises:
            ModelError: a token that skips every routed layer costs more.
        """
        least, most = self.share(float(self.dense.layers - self.routed)), self.share(float(self.dense.layers))
        if share < least:
            raise ModelError(
                f"a token that skips all {self.routed} routed layers of {self.dense.layers} still takes {least:.1%} of the dense compute "
                f"(its keys and values, routers and bypasses are counted), more than the {share:.1%} that the budget leaves; "
                "raise the budget or lower dense_layers"
            )
        return self.dense.layers - self.routed * max(0.0, most - share) / (most - least)

    def flops(self, kept: Tensor, new_tokens: int) -> Tensor:
        """Operations of reading a prompt and writing an answer.

        As `ModelCost.flops`, with what each token runs; a token that skips a layer attends to nothing there.

        Args:
            kept: layers that each token runs, from the first one of the prompt to the last but one of the answer. Shape (tokens,).
            new_tokens: tokens of the answer.

        Returns:
            Double precision, no dimension.
        """
        kept = kept.double()
        keys = torch.arange(1, len(kept) + 1)
        return self.token(kept).sum() + self.dense.groups * self.dense.attended * (keys * kept).sum() + self.dense.head * new_tokens


def _operations(module: nn.Module) -> int:
    return 2 * sum(parameter.numel() for parameter in module.parameters() if parameter.ndim == 2)
