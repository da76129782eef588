"""Which layers and head groups run for every input, and how many of them a budget leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ModelError
from cloudsim.l2a.budget import ComputeBudget

if TYPE_CHECKING:
    from torch import Tensor

    from cloudsim.l2a.cost import ModelCost


@dataclass(frozen=True, slots=True)
class Mask:
    """One skip decision.

    Args:
        layers: whether each layer runs.
        groups: whether each of its head groups runs; none of them where the layer is skipped.
    """

    layers: tuple[bool, ...]
    groups: tuple[tuple[bool, ...], ...]

    @classmethod
    def full(cls, layers: int, groups: int) -> "Mask":
        """Everything runs."""
        return cls((True,) * layers, ((True,) * groups,) * layers)

    @classmethod
    def of_layers(cls, kept: Sequence[int], layers: int, groups: int) -> "Mask":
        """The layers `kept` run whole."""
        flags = tuple(layer in set(kept) for layer in range(layers))
        return cls(flags, tuple((flag,) * groups for flag in flags))

    @classmethod
    def of(cls, layers: "Tensor", groups: "Tensor") -> "Mask":
        """From tensors of 0 and 1, shape (layers,) and (layers, groups)."""
        runs = layers.bool()
        return cls(tuple(runs.tolist()), tuple(map(tuple, (groups.bool() & runs.unsqueeze(1)).tolist())))

    def words(self) -> list[str]:
        """A word of 0 and 1 for each layer, one digit a head group; `-` for a layer that is skipped."""
        return ["".join(str(int(flag)) for flag in flags) if runs else "-" for runs, flags in zip(self.layers, self.groups, strict=True)]

    def without(self, layer: int, group: int | None = None) -> "Mask":
        """The mask without one more layer, or one more head group."""
        if group is None:
            none = (False,) * len(self.groups[layer])
            return Mask(_put(self.layers, layer, False), _put(self.groups, layer, none))
        return Mask(self.layers, _put(self.groups, layer, _put(self.groups[layer], group, False)))

    @property
    def kept(self) -> list[int]:
        """Numbers of the layers that run."""
        return [layer for layer, flag in enumerate(self.layers) if flag]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Layer and group of each head group that runs."""
        return [(layer, group) for layer, flags in enumerate(self.groups) for group, flag in enumerate(flags) if flag]

    def tensors(self) -> "tuple[Tensor, Tensor]":
        """Layers (layers,) and groups (layers, groups), 0 or 1."""
        import torch

        return torch.tensor(self.layers).float(), torch.tensor(self.groups).float()

    def as_json(self) -> dict[str, Any]:
        """The mask as numbers 0 and 1."""
        return {"layers": [int(flag) for flag in self.layers], "groups": [[int(flag) for flag in flags] for flags in self.groups]}

    @classmethod
    def from_json(cls, found: Mapping[str, Any], where: str) -> "Mask":
        """Read what `as_json` gave.

        Args:
            where: file that it stands in, for the error.

        Raises:
            ModelError: it is no mask.
        """
        try:
            mask = cls(tuple(map(_flag, found["layers"])), tuple(tuple(map(_flag, flags)) for flags in found["groups"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{where}: holds no mask ({error}); 'layers' and 'groups' with numbers 0 and 1 are needed") from None
        if len(mask.layers) != len(mask.groups) or len({len(flags) for flags in mask.groups}) > 1:
            raise ModelError(f"{where}: has {len(mask.layers)} layers and groups for {len(mask.groups)}; each layer needs as many groups")
        return mask


def target_share(cost: "ModelCost", budget: ComputeBudget) -> float:
    """Share of the dense model's multiply-adds (projections and MLPs) that a budget leaves, were layers divisible."""
    attention = cost.groups * cost.group
    return budget.depth * (budget.width * attention + cost.mlp) / (attention + cost.mlp)


def sizes(cost: "ModelCost", budget: ComputeBudget) -> tuple[int, int]:
    """Whole layers, and head groups in them, that come nearest to a budget's compute: groups make up for what layers were rounded by."""
    layers = max(1, round(budget.depth * cost.layers))
    left = target_share(cost, budget) * cost.layers * (cost.groups * cost.group + cost.mlp) - layers * cost.mlp
    return layers, min(layers * cost.groups, max(layers, round(left / cost.group)))


def whole_layers(cost: "ModelCost", budget: ComputeBudget) -> int:
    """Whole layers with all their heads that come nearest to a budget's compute."""
    return max(1, round(target_share(cost, budget) * cost.layers))


def equal_budget(cost: "ModelCost", share: float) -> float:
    """The scalar budget that leaves `share` of the dense model's compute."""
    from scipy.optimize import brentq

    lowest = 1 - 1 / 1.2
    if share >= 1:
        return 1.0
    return float(brentq(lambda budget: target_share(cost, ComputeBudget.of(budget)) - share, lowest, 1.0)) if share > 0 else lowest


def _put(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    return (*values[:place], value, *values[place + 1 :])


def _flag(value: object) -> bool:
    if value not in (0, 1):
        raise ValueError(f"found {value!r} for a flag")
    return bool(value)
