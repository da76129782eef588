"""Paged KV memory of one replica, counted in closed form while its sequences decode.

A block holds 16 tokens of one unit (one KV head group of one layer), so a sequence at a leaner level takes fewer units for each 16
tokens. Every decoding sequence stores one token a step; the units in use at any step follow from three sums, so that neither a step
nor a run of a thousand steps has to visit the sequences.
"""


class KvCache:
    """Units of KV blocks: how many there are, how many are in use at a given step.

    A decoding sequence that has stored s + o tokens before step s (o is fixed while it decodes) holds ⌈(s + o) / block⌉ blocks. With
    s + o + block − 1 = block·(S + q) + t + r, where s = block·S + t and 0 ≤ r < block, that is S + q, plus one if t + r ≥ block.

    Args:
        capacity: units in all. block_tokens: tokens of one block.
    """

    __slots__ = ("capacity", "block_tokens", "held", "_quotients", "_width", "_remainders")

    def __init__(self, capacity: int, block_tokens: int) -> None:
        self.capacity, self.block_tokens = capacity, block_tokens
        self.held = 0  # units of sequences that do not decode: being prefilled, or arriving from another replica
        self._quotients = self._width = 0  # Σ units·q and Σ units over decoding sequences
        self._remainders = [0] * block_tokens  # Σ units of those with each r

    def blocks(self, tokens: int) -> int:
        """Blocks that `tokens` tokens fill or begin."""
        return -(-tokens // self.block_tokens)

    def join(self, offset: int, units: int) -> None:
        """A sequence begins to decode, having stored s + offset tokens before each step s."""
        quotient, remainder = divmod(offset + self.block_tokens - 1, self.block_tokens)
        self._quotients += units * quotient
        self._width += units
        self._remainders[remainder] += units

    def leave(self, offset: int, units: int) -> None:
        """A decoding sequence gives all its blocks back."""
        quotient, remainder = divmod(offset + self.block_tokens - 1, self.block_tokens)
        self._quotients -= units * quotient
        self._width -= units
        self._remainders[remainder] -= units

    def used(self, step: int) -> int:
        """Units in use before step `step`, if no sequence joins or leaves until then."""
        full, rest = divmod(step, self.block_tokens)
        decoding = self._quotients + full * self._width
        return self.held + decoding + (sum(self._remainders[self.block_tokens - rest :]) if rest else 0)

    def fits(self, step: int, more: int = 0) -> bool:
        """Whether every block needed before `step`, and `more` units, are there. Exact; a bound answers at once when memory is ample."""
        bound = self.held + more + self._quotients + (step // self.block_tokens + 1) * self._width
        return bound <= self.capacity or self.used(step) + more <= self.capacity

    def last_step(self, first: int, last: int) -> int:
        """The last step in [first, last] before which all blocks are there; `first` must be one."""
        if self.fits(last):
            return last
        while first < last - 1:
            middle = (first + last) // 2
            if self.used(middle) <= self.capacity:
                first = middle
            else:
                last = middle
        return first
