"""Exact count of KV blocks while sequences decode, in closed form.

A block holds 16 tokens of one unit (one KV head group of one layer), so a sequence at a leaner level takes fewer units for each 16
tokens. Every decoding sequence stores one token a step; the units in use at any step follow from three sums, so that neither a step
nor a run of a thousand steps has to visit the sequences.
"""


class BlockLedger:
    """Units of KV blocks that the decoding sequences of one engine hold at a given step.

    A sequence that has stored s + o tokens before step s (its offset o is fixed while it decodes) holds ⌈(s + o) / block⌉ blocks. With
    s + o + block − 1 = block·(S + q) + t + r, where s = block·S + t and 0 ≤ r < block, that is S + q, plus one if t + r ≥ block.

    Args:
        block_tokens: tokens of one block.
    """

    __slots__ = ("_block_tokens", "_quotients", "_width", "_remainders")

    def __init__(self, block_tokens: int) -> None:
        self._block_tokens = block_tokens
        self._quotients = self._width = 0  # Σ units·q and Σ units
        self._remainders = [0] * block_tokens  # Σ units of those with each r

    def join(self, offset: int, units: int) -> None:
        """A sequence begins to decode, having stored s + offset tokens before each step s."""
        quotient, remainder = divmod(offset + self._block_tokens - 1, self._block_tokens)
        self._quotients += units * quotient
        self._width += units
        self._remainders[remainder] += units

    def leave(self, offset: int, units: int) -> None:
        """A decoding sequence gives all its blocks back."""
        self.join(offset, -units)

    def used(self, step: int) -> int:
        """Units in use before step `step`, if no sequence joins or leaves until then."""
        full, rest = divmod(step, self._block_tokens)
        return self._quotients + full * self._width + (sum(self._remainders[self._block_tokens - rest :]) if rest else 0)
