"""KV of conversations that a replica keeps after their turns are complete, in blocks that nobody else needs."""

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from cloudsim.contracts import KeptPrefix
from cloudsim.serving.caching import Caching
from cloudsim.serving.request import Request

if TYPE_CHECKING:
    from cloudsim.views import ReplicaView


class Kept:
    """What is kept of one conversation.

    Attributes:
        turn, prompt_tokens: of the request whose KV it is. level: index of the level at which it was computed.
        units: of a block at that level. blocks: that are left of it, from its beginning.
        hits: requests in a row that went on from what the one before had left here.
        number: of the entry, in the order in which they were stored; its worth is in the heap.
    """

    __slots__ = ("turn", "prompt_tokens", "level", "units", "blocks", "hits", "number")

    def __init__(self, request: Request, units: int, blocks: int, number: int) -> None:
        self.turn, self.prompt_tokens, self.level = request.turn, request.input_tokens, request.level.index
        self.units, self.blocks, self.hits, self.number = units, blocks, request.hits, number


class PrefixCache:
    """The prefix cache of one replica (vLLM V1: blocks of complete requests are free blocks that can still be found).

    Of each conversation the KV of the turn that completed last is kept, in whole blocks. A later turn at the same level goes on from what
    it shares with that turn: depth and width fix what is stored, so no other level can use it. The entry is then the request's own, what
    it does not share of it is given up, and is stored anew when the request completes. Whoever needs blocks takes them: of the entry of the
    lowest worth first (of equals the one stored first), the last block of an entry first. Worth is asked when an entry is stored.

    Only what belongs to one conversation is kept. Prompts that conversations share, such as a system's, and adapters are left out.

    Args:
        policy: asks for the worth of entries.
        view: what the policy sees of the replica.
        block_tokens: tokens of a block.

    Attributes:
        units: of KV memory that is kept. The engine lets it shrink late, but before anybody sees it or a block is given back: blocks in use
            only grow until then, so the same is left as if each of them had been taken at its step.
    """

    __slots__ = ("units", "_policy", "_view", "_block_tokens", "_entries", "_heap", "_numbers")

    def __init__(self, policy: Caching, view: "ReplicaView", block_tokens: int) -> None:
        self._policy, self._view, self._block_tokens = policy, view, block_tokens
        self.units = self._numbers = 0
        self._entries: dict[int, Kept] = {}  # by conversation
        self._heap: list[tuple[float, int, int]] = []  # worth, number and conversation of entries, and of some that are gone

    def __len__(self) -> int:
        return len(self._entries)

    def kept_units(self) -> int:
        """The units of all entries, counted one by one."""
        return sum(entry.units * entry.blocks for entry in self._entries.values())

    def reusable_tokens(self, request: Request, level: int | None = None) -> int:
        """Tokens of a request's prompt whose KV is kept, in whole blocks.

        With the turn before it a request shares `shared_tokens`; with earlier ones no more than their prompts too, for turns extend each
        other. Of a turn that came after it, it uses nothing.

        Args:
            level: index of its level; None takes it to be the one of the entry.
        """
        entry = self._entries.get(request.conversation)
        if entry is None or entry.turn >= request.turn or (level is not None and entry.level != level):
            return 0
        block = self._block_tokens
        tokens = min(entry.blocks * block, request.shared_tokens)
        if entry.turn + 1 < request.turn and entry.prompt_tokens < tokens:
            tokens = entry.prompt_tokens
        return tokens - tokens % block

    def take(self, request: Request, tokens: int) -> None:
        """A request goes on from `tokens` of what is kept, which is its own from now on."""
        entry = self._entries.pop(request.conversation)
        self.units -= entry.units * entry.blocks
        request.cached_tokens, request.hits = tokens, entry.hits + 1

    def keep(self, request: Request, stored_tokens: int) -> None:
        """A request is complete and has given its blocks back, which held `stored_tokens` tokens."""
        blocks = stored_tokens // self._block_tokens
        former = self._entries.get(request.conversation)
        if not blocks or (former is not None and former.turn > request.turn):
            return
        units, conversation = request.level.units, request.conversation
        if former is not None:
            self.units -= former.units * former.blocks
        self._numbers += 1
        entry = self._entries[conversation] = Kept(request, units, blocks, self._numbers)
        self.units += units * blocks
        asked = KeptPrefix(
            conversation, request.turn, blocks * self._block_tokens, units * blocks, request.level.budget, request.hits, self._view.now_s
        )  # fmt: skip
        heappush(self._heap, (self._policy.worth(asked, self._view), entry.number, conversation))
        if len(self._heap) > 64 + 2 * len(self._entries):
            self._heap = [one for one in self._heap if self._holds(one)]
            heapify(self._heap)

    def shrink(self, room: int) -> None:
        """Keep no more than `room` units."""
        while self.units > max(room, 0):
            worst = self._heap[0]
            if not self._holds(worst):
                heappop(self._heap)
                continue
            conversation = worst[2]
            entry = self._entries[conversation]
            gone = -(-(self.units - max(room, 0)) // entry.units)
            if gone < entry.blocks:
                entry.blocks -= gone
                self.units -= gone * entry.units
            else:
                heappop(self._heap)
                del self._entries[conversation]
                self.units -= entry.blocks * entry.units

    def drop_richer(self, level: int) -> None:
        """The layers of richer levels than this are not in memory any more: nobody can use what was stored at them."""
        for conversation in [one for one, entry in self._entries.items() if entry.level < level]:
            entry = self._entries.pop(conversation)
            self.units -= entry.units * entry.blocks

    def clear(self) -> None:
        """Keep nothing."""
        self._entries.clear()
        self._heap.clear()
        self.units = 0

    def _holds(self, item: tuple[float, int, int]) -> bool:
        """Whether an item of the heap is of an entry that is there."""
        entry = self._entries.get(item[2])
        return entry is not None and entry.number == item[1]
