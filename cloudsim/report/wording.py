"""Numbers and names as a reader sees them: units, signs, and text that no browser and no Plotly label takes for markup."""

import html
import math

NOTHING = "–"
MINUS = "\N{MINUS SIGN}"
GAP = "\N{NO-BREAK SPACE}"


def markup(text: object) -> str:
    """`text` for HTML, in content or in a quoted attribute."""
    return html.escape(str(text), quote=True)


def breakable(name: str) -> str:
    """A name for HTML that may be broken behind its underscores where a column is narrow."""
    return markup(name).replace("_", "_<wbr>")


def label(text: object) -> str:
    """`text` for a Plotly name, tick or hover: its few HTML tags and its `%{…}` templates stay plain text."""
    return html.escape(str(text), quote=False).replace("%", "&#37;").replace("$", "&#36;")


def embedded_json(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _figure(value: float, digits: int, sign: bool) -> str:
    text = f"{abs(value):,.{digits}f}"
    if not any(character in "123456789" for character in text):
        return text
    return f"{MINUS if value < 0 else '+' if sign else ''}{text}"


def _digits(value: float, significant: int, most: int) -> int:
    if value == 0:
        return min(significant - 1, most)
    return max(0, min(most, significant - 1 - math.floor(math.log10(abs(value)))))


# Each format below takes `like`, a number whose size sets unit and digits: a small difference is printed as its mean is.


def percent(value: float, sign: bool = False, like: float = 0.0) -> str:
    """A share as per cent; a signed one is a difference, in percentage points.

    One decimal, and up to three where fewer would turn 99.97 % into 100 % or a small difference into none.
    """
    sizes = [min(abs(share), abs(1 - abs(share))) for share in (like if sign else value,)] + [abs(value)] * sign
    digits = max((max(1, min(3, -math.floor(math.log10(100 * size)))) for size in sizes if size > 1e-9), default=1)
    return f"{_figure(100 * value, digits, sign)}{GAP}{'pp' if sign else '%'}"


def usd(value: float, sign: bool = False, like: float = 0.0) -> str:
    """US dollars: whole from 1,000, with cents from 1, to three significant digits below."""
    size = max(abs(value), abs(like))
    figure = _figure(value, 0 if size >= 1000 else 2 if size >= 1 else _digits(size, 3, 5), sign)
    return f"{figure[0]}${figure[1:]}" if figure[0] in f"+{MINUS}" else f"${figure}"


def seconds(value: float, sign: bool = False, like: float = 0.0) -> str:
    """Seconds to three significant digits, as milliseconds below one second."""
    size = max(abs(value), abs(like))
    if size < 1:
        return f"{_figure(1000 * value, _digits(1000 * size, 3, 2), sign)}{GAP}ms"
    return f"{_figure(value, _digits(size, 3, 2), sign)}{GAP}s"


def exact_seconds(value: float) -> str:
    """A configured time without rounding, as milliseconds below one second."""
    return f"{1000 * value:g}{GAP}ms" if value < 1 else f"{value:g}{GAP}s"


def rate(value: float, sign: bool = False, like: float = 0.0) -> str:
    """Requests per second to three significant digits."""
    return f"{_figure(value, _digits(max(abs(value), abs(like)), 3, 3), sign)}/s"


def count(value: float, sign: bool = False, like: float = 0.0) -> str:
    """A count or the mean of counts: whole, or with one decimal below 1,000."""
    return _figure(value, 0 if float(value).is_integer() or max(abs(value), abs(like)) >= 1000 else 1, sign)


def gpu_hours(value: float, sign: bool = False, like: float = 0.0) -> str:
    """GPU-seconds as GPU-hours to three significant digits."""
    return f"{_figure(value / 3600, _digits(max(abs(value), abs(like)) / 3600, 3, 3), sign)}{GAP}GPU-h"


def kilowatt_hours(value: float, sign: bool = False, like: float = 0.0) -> str:
    """Kilowatt-hours to three significant digits."""
    return f"{_figure(value, _digits(max(abs(value), abs(like)), 3, 3), sign)}{GAP}kWh"


def watt_hours(value: float, sign: bool = False, like: float = 0.0) -> str:
    """Watt-hours to three significant digits."""
    return f"{_figure(value, _digits(max(abs(value), abs(like)), 3, 4), sign)}{GAP}Wh"


def kilograms(value: float, sign: bool = False, like: float = 0.0) -> str:
    """Kilograms to three significant digits."""
    return f"{_figure(value, _digits(max(abs(value), abs(like)), 3, 3), sign)}{GAP}kg"


def ratio(value: float, sign: bool = False, like: float = 0.0) -> str:
    """A plain number to three significant digits."""
    return _figure(value, _digits(max(abs(value), abs(like)), 3, 4), sign)


def span(low: str, high: str) -> str:
    """Two shown numbers as a range; the unit, where both have the same, is left out: it stands beside their mean."""
    for unit in (f"{GAP}%", f"{GAP}pp", f"{GAP}ms", f"{GAP}s", f"{GAP}GPU-h", f"{GAP}kWh", f"{GAP}Wh", f"{GAP}kg", "/s"):
        if low.endswith(unit) and high.endswith(unit):
            return f"{low.removesuffix(unit)} to {high.removesuffix(unit)}"
    return f"{low} to {high}".replace("$", "")


def listed(names: list[str]) -> str:
    """Names as a phrase: "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
