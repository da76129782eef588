"""Keys and values of the layers and head groups that each sequence runs, and of no others."""

import torch
from torch import Tensor


class RaggedCache:
    """One tensor a layer, with one row for each pair of a sequence and a head group it keeps there.

    All sequences of a batch share the time axis: prompts are padded on the left.

    Args:
        layers: layers of the model.
        capacity: columns to reserve at once (a static cache); None lets it grow by doubling (a dynamic one).
    """

    def __init__(self, layers: int, capacity: int | None = None) -> None:
        self._capacity = capacity
        self._keys: list[Tensor | None] = [None] * layers
        self._values: list[Tensor | None] = [None] * layers
        self.columns = 0

    def append(self, index: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add the newest columns of a layer; returns all of its keys and values.

        Args:
            keys, values: shape (pairs, new columns, head size).
        """
        end = self.columns + keys.shape[1]
        stored_keys, stored_values = self._keys[index], self._values[index]
        if stored_keys is None or stored_values is None or end > stored_keys.shape[1]:
            room = max(end, self._capacity if self._capacity is not None else 2 * end)
            stored_keys = self._keys[index] = _grown(stored_keys, keys, room)
            stored_values = self._values[index] = _grown(stored_values, values, room)
        stored_keys[:, self.columns : end] = keys
        stored_values[:, self.columns : end] = values
        return stored_keys[:, :end], stored_values[:, :end]

    def advance(self, columns: int) -> None:
        """Every layer has got these columns."""
        self.columns += columns

    def keep(self, index: int, pairs: Tensor) -> None:
        """Forget all but some pairs of a layer."""
        keys, values = self._keys[index], self._values[index]
        if keys is not None and values is not None:
            self._keys[index], self._values[index] = keys[pairs], values[pairs]

    def bytes_used(self) -> int:
        """Bytes of the keys and values stored, padding columns included."""
        stored = [tensor for tensor in (*self._keys, *self._values) if tensor is not None]
        return sum(tensor.shape[0] * self.columns * tensor.shape[2] * tensor.element_size() for tensor in stored)


def _grown(stored: Tensor | None, like: Tensor, room: int) -> Tensor:
    grown = torch.empty(like.shape[0], room, like.shape[2], dtype=like.dtype)
    if stored is not None:
        grown[:, : stored.shape[1]] = stored
    return grown
