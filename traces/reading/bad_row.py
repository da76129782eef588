"""What becomes of rows that are not accepted."""

from enum import StrEnum


class BadRow(StrEnum):
    """What becomes of a row that is not accepted: the reading ends, it is left out, or its numbers move to the nearest accepted ones."""

    ERROR = "error"
    SKIP = "skip"
    CLIP = "clip"
