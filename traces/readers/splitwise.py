"""splitwise-sim's traces: CSV with arrival_timestamp (seconds), prompt_size, token_size."""

from traces.reading.cells import Number, Whole
from traces.reading.renamed import Renamed
from traces.schemas import REQUESTS

READER = Renamed(
    "splitwise",
    "splitwise-sim: CSV with arrival_timestamp,prompt_size,token_size",
    REQUESTS,
    {"arrival_s": ("arrival_timestamp", Number()), "input_tokens": ("prompt_size", Whole()), "output_tokens": ("token_size", Whole())},
)
