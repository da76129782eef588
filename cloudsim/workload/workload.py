"""The requests of one run as they come: a stream of blocks, of which only those with a request under way are kept."""

from collections.abc import Iterable, Iterator
from typing import Any

from numpy.typing import NDArray

from cloudsim.errors import SimulationError
from cloudsim.serving.request import Request
from cloudsim.workload.block import BLOCK, RequestBlock
from traces.provenance import Source

CHUNK = 256


class Workload:
    """Hands out requests one by one, and keeps each block until `close`.

    Args:
        blocks: in order; each is asked for when the one before was handed out.

    Attributes:
        sources: of the blocks so far; complete with the last one.
    """

    def __init__(self, blocks: Iterable[RequestBlock]) -> None:
        self._blocks, self._open = blocks, dict[int, RequestBlock]()
        self.sources: tuple[Source, ...] = ()

    def requests(self) -> Iterator[Request]:
        """The requests in order of arrival; only a few hundred exist before they arrive."""
        for block in self._blocks:
            self._open[block.number] = block
            self.sources = block.trace.sources
            yield from _requests(block)

    def block_of(self, request: int) -> RequestBlock:
        """The open block of a request."""
        block = self._open.get(request // BLOCK)
        if block is None:
            raise SimulationError(f"request {request} did not arrive, or ended twice")
        return block

    def signal(self, request: int) -> float:
        """The number behind what can be told of a request's answer; see `RequestBlock`."""
        block = self.block_of(request)
        return float(block.signal[request - block.first])

    @property
    def open_blocks(self) -> tuple[int, ...]:
        """Numbers of the blocks that are kept."""
        return tuple(self._open)

    def close(self, number: int) -> RequestBlock:
        """Give a block away, once all its requests have ended."""
        return self._open.pop(number)


def _requests(block: RequestBlock) -> Iterator[Request]:
    trace = block.trace
    columns: tuple[NDArray[Any], ...] = (
        trace.arrival_s, trace.input_tokens, trace.output_tokens, block.reasoning_tokens, block.tier, block.difficulty_seen,
        block.output_seen, block.tenant,
    )  # fmt: skip
    if len(block.conversation):
        columns += (block.conversation, block.turn, block.shared_tokens)
    for first in range(0, len(block), CHUNK):
        rows = zip(*(column[first : first + CHUNK].tolist() for column in columns), strict=True)
        for index, row in enumerate(rows, block.first + first):
            yield Request(index, *row)
