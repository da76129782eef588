"""Guesses what a misspelt name was meant to be."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], before: Sequence[str] = (), after: Sequence[str] = ()) -> str:
    """ "did you mean X? " if one of `known` is close to `name`, else nothing; X has the keys `before` and `after` around it."""
    guess = get_close_matches(name, [str(one) for one in known], n=1)
    return f"did you mean {'.'.join([*before, guess[0], *after])}? " if guess else ""
