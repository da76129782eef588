"""How a contender looks in every figure: a colour-blind-safe colour, and a dash and a marker that tell it apart without colour."""

from collections.abc import Sequence
from dataclasses import dataclass

CONTENDER_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#8C8C8C")
"""Okabe and Ito (2008) without black and yellow, which vanish on a dark or a light page, and without `ALARM`."""

ALARM = "#D55E00"
"""Vermillion of the same palette, kept for what went wrong: notices and lost work."""

DASHES = ("solid", "dash", "dot", "dashdot", "10px,3px")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "pentagon")


@dataclass(frozen=True, slots=True)
class Look:
    """Colour (#rrggbb), Plotly dash and Plotly marker symbol of one contender."""

    colour: str
    dash: str
    symbol: str


def looks(contenders: Sequence[str]) -> dict[str, Look]:
    """One look a contender, by its place; the three lists have coprime lengths, so the first 210 looks differ."""
    return {
        name: Look(CONTENDER_COLOURS[i % len(CONTENDER_COLOURS)], DASHES[i % len(DASHES)], SYMBOLS[i % len(SYMBOLS)])
        for i, name in enumerate(contenders)
    }


def tint(colour: str, opacity: float) -> str:
    """`colour` (#rrggbb) as a CSS rgba() of that opacity in [0, 1]."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
