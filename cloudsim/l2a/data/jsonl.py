"""Problem files of users: JSON Lines as GSM8K has them, or with the reasoning in a key of its own; gzip by the file's name."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from re import compile as pattern
from typing import BinaryIO

from cloudsim.errors import ModelError
from cloudsim.l2a.data.written import MARKERS, WrittenProblem, plain

ACCEPTED = '{"question": "…", "answer": "steps #### 42"} or {"question": "…", "reasoning": "steps", "answer": "42"}'
END_OF_CHAIN = "####"
CALCULATOR = pattern(r"<<[^<>]*>>")
GZIP_MAGIC = b"\x1f\x8b"


def read_problems(path: Path) -> Iterator[WrittenProblem]:
    """The problems of a file, read line by line; empty lines are passed over.

    Args:
        path: JSON Lines in UTF-8; with a name that ends in `.gz`, compressed.

    Raises:
        ModelError: at the end of the file, with every row that cannot be used; or the file cannot be read or holds no problem.
    """
    bad: list[str] = []
    good = 0
    try:
        for place, line in _lines(path):
            try:
                problem = _problem(line, place)
            except ModelError as error:
                bad.extend(error.problems)
                continue
            good += 1
            yield problem
    except ModelError as error:
        bad.extend(error.problems)
    if bad:
        raise ModelError(*bad)
    if not good:
        raise ModelError(f"{path}: the file holds no problem; accepted is one a line: {ACCEPTED}")


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """Lines that are not blank, each with `path:number`."""
    compressed = path.suffix == ".gz"
    try:
        with _open(path, compressed) as file:
            for number, line in enumerate(file, start=1):
                if number == 1 and not compressed and line.startswith(GZIP_MAGIC):
                    raise ModelError(f"{path}: the file is compressed with gzip; let its name end in .gz")
                if content := line.removeprefix(b"\xef\xbb\xbf").strip():
                    yield f"{path}:{number}", content
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such file; accepted is a file of one problem a line: {ACCEPTED}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ModelError(
            f"{path}: not a complete gzip file ({error}); copy it again, or take .gz off its name if it is plain text"
        ) from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); accepted is a readable file of one problem a line") from None


def _open(path: Path, compressed: bool) -> "BinaryIO | gzip.GzipFile":
    return gzip.open(path, "rb") if compressed else path.open("rb")


def _problem(line: bytes, place: str) -> WrittenProblem:
    row = _row(line, place)
    bad = [f"{place}: {key}: {found}" for key in ("question", "reasoning", "answer") if (found := _complaint(row, key))]
    if bad:
        raise ModelError(*bad)
    answer = str(row["answer"])
    if "reasoning" in row:
        reasoning = str(row["reasoning"])
    else:
        reasoning, _, answer = answer.rpartition(END_OF_CHAIN)
    return WrittenProblem(str(row["question"]).strip(), CALCULATOR.sub("", reasoning).strip(), plain(answer), place)


def _row(line: bytes, place: str) -> dict[str, object]:
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise ModelError(f"{place}: byte {error.start + 1} of the line is not UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise ModelError(f"{place}: not JSON ({error.msg} at column {error.colno}); accepted is {ACCEPTED}") from None
    except (ValueError, RecursionError):
        raise ModelError(f"{place}: JSON with a number too long or values nested too deeply; accepted is {ACCEPTED}") from None
    if not isinstance(row, dict):
        raise ModelError(f"{place}: found JSON of the type {_kind(row)}; accepted is {ACCEPTED}")
    return row


def _complaint(row: dict[str, object], key: str) -> str:
    """What is wrong with the value of a key; empty if nothing is."""
    if key not in row:
        return "" if key == "reasoning" else f"the key is missing (found {', '.join(map(repr, row)) or 'no key'}); accepted is {ACCEPTED}"
    value, separate = row[key], "reasoning" in row
    if key == "answer" and separate and isinstance(value, int | float) and not isinstance(value, bool):
        return "" if abs(value) < float("inf") else f"found {value}; accepted is a finite number or text"
    if not isinstance(value, str):
        return f"found the type {_kind(value)}; accepted is text"
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        return "found half a surrogate pair (\\ud800–\\udfff), which is no character; accepted is text"
    if found := [marker for marker in MARKERS if marker in value]:
        return f"found {', '.join(found)}, which the rendering of the problem adds; take it out"
    if key == "answer":
        return _chain_complaint(value, separate)
    return "" if value.strip() or key == "reasoning" else "found empty text; accepted is a question"


def _chain_complaint(answer: str, separate: bool) -> str:
    marks = answer.count(END_OF_CHAIN)
    if separate and marks:
        return f"found {END_OF_CHAIN} beside a reasoning; accepted is the answer alone"
    if not separate and marks != 1:
        return f"found {END_OF_CHAIN} {marks} times; accepted is a chain, {END_OF_CHAIN} once, and the answer; or a key reasoning"
    final = answer.rpartition(END_OF_CHAIN)[2]
    return "" if final.strip() else f"found nothing{'' if separate else f' after {END_OF_CHAIN}'}; accepted is the answer"


def _kind(value: object) -> str:
    names = {dict: "object", list: "array", str: "text", bool: "true or false", int: "number", float: "number"}
    return names.get(type(value), "null")
