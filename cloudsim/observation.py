"""What a policy looks at: views behind a glass that notes each attribute that is read, with its value.

The log of decisions, and the suite that holds policies to what they declare, read these notes.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from cloudsim.views import View

PARTS = {
    "NoticedRequest": "noticed", "Served": "served", "PoolLoad": "pool", "ZoneRecord": "record", "AnswerView": "answer",
    "KeptPrefix": "kept",
}  # fmt: skip
"""Names in the notes of what views have within them."""

Seen = dict[str, Any]
"""Values by name, such as `request.tier` and `replica[3].outstanding`."""


class Observed:
    """A view, or another object with parts, that notes what is read of it.

    Args:
        source: what is looked at.
        name: of it in the notes.
        seen: the notes.
    """

    __slots__ = ("_name", "_seen", "_source")

    def __init__(self, source: Any, name: str, seen: Seen) -> None:
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_seen", seen)

    def __getattr__(self, attribute: str) -> Any:
        source, seen = object.__getattribute__(self, "_source"), object.__getattribute__(self, "_seen")
        name = f"{object.__getattribute__(self, '_name')}.{attribute}"
        value = getattr(source, attribute)
        if callable(value):
            return lambda *arguments, **named: _noted(
                value(*map(revealed, arguments), **{key: revealed(one) for key, one in named.items()}), name, seen
            )
        return _noted(value, name, seen)

    def __setattr__(self, attribute: str, value: Any) -> None:
        setattr(object.__getattribute__(self, "_source"), attribute, value)

    def __delattr__(self, attribute: str) -> None:
        delattr(object.__getattribute__(self, "_source"), attribute)


def observed(source: Any, seen: Seen) -> Any:
    """`source` behind the glass, if it has parts; else itself."""
    name = kind_of(source)
    if not name:
        return source
    index = getattr(source, "index", None) if name in ("replica", "node") else None
    return Observed(source, name if index is None else f"{name}[{index}]", seen)


def revealed(source: Any) -> Any:
    """What is behind the glass, also within lists; anything else as it is."""
    if type(source) is Observed:
        return object.__getattribute__(source, "_source")
    if type(source) in (list, tuple):
        return type(source)(revealed(one) for one in source)
    if isinstance(source, tuple) and hasattr(source, "_fields"):
        return type(source)(*map(revealed, source))
    return source


def kind_of(source: Any) -> str:
    """How notes call it: `request`, `replica`, `fleet`, `cluster`, …; empty for what is no view."""
    name = type(source).__name__
    if isinstance(source, View) or (is_dataclass(source) and name.endswith("View")):
        return name.removesuffix("View").lower()
    return PARTS.get(name, "")


def _noted(value: Any, name: str, seen: Seen) -> Any:
    """Note a value that was read; parts of it are behind the glass too."""
    if kind_of(value):
        return observed(value, seen)
    if isinstance(value, list | tuple) and value and kind_of(value[0]):
        seen[name] = len(value)
        return tuple(observed(one, seen) for one in value)
    if isinstance(value, Mapping) and any(isinstance(one, list | tuple) for one in value.values()):
        seen[name] = {key: len(one) for key, one in value.items()}
        return {key: tuple(observed(one, seen) for one in group) for key, group in value.items()}
    if isinstance(value, Mapping) and any(kind_of(one) for one in value.values()):
        seen[name] = list(value)
        return {key: observed(one, seen) for key, one in value.items()}
    seen[name] = value
    return value
