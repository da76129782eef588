"""Azure LLM inference traces: CSV with TIMESTAMP, ContextTokens, GeneratedTokens (2023, 2024), and NumImages in the LMM trace of 2025.

Stamps are naive with seven decimals (2023) or zoned with any number of them (2024), and mixed within a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from traces.reading.block import Block
from traces.reading.cells import Cell, Stamp, Whole
from traces.reading.clock import Clock
from traces.reading.delimited import has_columns, header, read_delimited
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.renamed import renamed
from traces.schemas import REQUESTS

TIME, INPUT, OUTPUT, IMAGES = "TIMESTAMP", "ContextTokens", "GeneratedTokens", "NumImages"


@dataclass(frozen=True, slots=True)
class AzureLLM(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its column names."""
        return has_columns(head, TIME, INPUT, OUTPUT)

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        clock = Clock(notes)
        cells: dict[str, Cell] = {TIME: Stamp(), INPUT: Whole(), OUTPUT: Whole()}
        named = {"arrival_s": TIME, "input_tokens": INPUT, "output_tokens": OUTPUT}
        if IMAGES in header(file.head()):
            cells[IMAGES], named["images"] = Whole(), IMAGES
        for block in read_delimited(file, cells):
            yield renamed(block, named, arrival_s=clock.seconds(block.columns[TIME]))


READER = AzureLLM("azure_llm", "Azure LLM and LMM traces: CSV with TIMESTAMP,ContextTokens,GeneratedTokens", REQUESTS)
