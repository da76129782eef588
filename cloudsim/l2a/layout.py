"""Which rows of a batch a layer computes, and in which blocks of equal head groups."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cloudsim.l2a.weights import Groups


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that run the same head groups of a layer.

    Args:
        rows: positions among the layer's rows; None for all of them.
        count: number of rows.
        groups: the head groups.
    """

    rows: Tensor | None
    count: int
    groups: Groups

    @property
    def pairs(self) -> int:
        """Rows of the cache that belong to the block."""
        return self.count * len(self.groups)


@dataclass(frozen=True, slots=True)
class LayerLayout:
    """The work of one layer.

    Args:
        rows: rows of the batch that run it; None for all of them.
        count: number of those rows.
        blocks: in the order of their pairs in the cache.
        pair_row: the row of the batch of each pair. Shape (pairs,).
        pair_group: its head group. Shape (pairs,).
    """

    rows: Tensor | None
    count: int
    blocks: tuple[Block, ...]
    pair_row: Tensor
    pair_group: Tensor


def lay_out(layer: Tensor, groups: Tensor) -> LayerLayout:
    """The layout of a layer.

    Rows with equal groups share a block, so that a batch of one level is one matrix product. Where rows differ more than there are groups,
    there is one block a group instead: their number never grows with the batch.

    Args:
        layer: whether each row runs the layer. Boolean, shape (rows,).
        groups: whether it runs each group. Boolean, shape (rows, groups).
    """
    total, count = len(layer), int(layer.sum())
    running = layer.nonzero().squeeze(1)
    kept = groups[running]
    by_set: dict[Groups, list[int]] = {}
    for position, flags in enumerate(kept.tolist()):
        chosen = tuple(group for group, flag in enumerate(flags) if flag)
        if chosen:
            by_set.setdefault(chosen, []).append(position)
    if len(by_set) > groups.shape[1]:
        by_set = {(group,): kept[:, group].nonzero().squeeze(1).tolist() for group in range(groups.shape[1])}
    blocks: list[Block] = []
    pair_row: list[int] = []
    pair_group: list[int] = []
    for chosen, positions in sorted(by_set.items()):
        if not positions:
            continue
        rows = None if len(positions) == count else torch.tensor(positions)
        blocks.append(Block(rows, len(positions), chosen))
        for position in positions:
            pair_row += [int(running[position])] * len(chosen)
            pair_group += chosen
    return LayerLayout(
        None if count == total else running, count, tuple(blocks), torch.tensor(pair_row, dtype=torch.long),
        torch.tensor(pair_group, dtype=torch.long),
    )  # fmt: skip
