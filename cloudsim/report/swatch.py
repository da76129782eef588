"""A short line in a contender's colour and dash, as its sign in tables and beside the toggles."""

from cloudsim.report.palette import Look

_STROKES = {"solid": "", "dash": "7 4", "dot": "2 3", "dashdot": "7 3 2 3", "10px,3px": "10 3"}


def swatch(look: Look) -> str:
    """Inline SVG, 28 × 10 CSS pixels, hidden from screen readers since the name stands beside it."""
    return (
        '<svg class="swatch" width="28" height="10" viewBox="0 0 28 10" aria-hidden="true">'
        f'<line x1="0" y1="5" x2="28" y2="5" stroke="{look.colour}" stroke-width="4" stroke-dasharray="{_STROKES[look.dash]}"/></svg>'
    )
