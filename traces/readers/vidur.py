"""Vidur's traces: CSV with arrived_at (seconds), num_prefill_tokens, num_decode_tokens."""

from traces.reading.cells import Number, Whole
from traces.reading.renamed import Renamed
from traces.schemas import REQUESTS

READER = Renamed(
    "vidur",
    "Vidur: CSV with arrived_at,num_prefill_tokens,num_decode_tokens",
    REQUESTS,
    {
        "arrival_s": ("arrived_at", Number()),
        "input_tokens": ("num_prefill_tokens", Whole()),
        "output_tokens": ("num_decode_tokens", Whole()),
    },
)
