"""Damaged variants of a file's bytes: what bad disks, editors, spreadsheets, exports and unlucky scripts make of a trace."""

import numpy as np

WORDS = (
    b"", b"nan", b"NaN", b"inf", b"-inf", b"-1", b"0", b"1e999", b"1e-9", b"99999999999999999999999", b"9007199254740993", b"0x1f",
    b"1_000", b"1,5", b"1.5", b"null", b"None", b"true", b'"', b'"a\nb"', b"'", b";", b"\t", b"\r", b"\x00", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xc3\xa9", b"{}", b"[]", b"[[[[", b'{"a":', b"2023-02-30 00:00:00", b"2023-02-15 22:08:16+02:00",
    b"9999-12-31 23:59:59", b"#REF!", b"  ", b"\n", b"\n\n",
)  # fmt: skip


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """The content with one to three things wrong; a function of the generator's state."""
    for _ in range(int(rng.integers(1, 4))):
        content = DAMAGES[int(rng.integers(len(DAMAGES)))](content, rng)
    return content


def _span(content, rng, longest=200):
    begin = int(rng.integers(0, max(len(content), 1)))
    return begin, min(len(content), begin + int(rng.integers(1, longest)))


def _flip(content, rng):
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        if changed:
            changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _remove(content, rng):
    begin, end = _span(content, rng)
    return content[:begin] + content[end:]


def _repeat(content, rng):
    begin, end = _span(content, rng)
    return content[:end] + content[begin:]


def _cut(content, rng):
    return content[: int(rng.integers(0, len(content) + 1))]


def _insert(content, rng):
    at = int(rng.integers(0, len(content) + 1))
    return content[:at] + WORDS[int(rng.integers(len(WORDS)))] + content[at:]


def _replace_value(content, rng):
    """Another word in place of one between two separators."""
    places = [at for at, byte in enumerate(content) if byte in b',:[]{}\n"']
    if len(places) < 2:
        return content
    at = int(rng.integers(len(places) - 1))
    return content[: places[at] + 1] + WORDS[int(rng.integers(len(WORDS)))] + content[places[at + 1] :]


def _swap_lines(content, rng):
    lines = content.split(b"\n")
    one, other = rng.integers(0, len(lines), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _other_ends(content, rng):
    return content.replace(b"\n", (b"\r\n", b"\r", b"\n\n", b" \n")[int(rng.integers(4))])


def _other_delimiter(content, rng):
    return content.replace(b",", (b";", b"\t", b", ", b"|")[int(rng.integers(4))])


def _other_encoding(content, rng):
    return content.decode("latin-1").encode(("utf-16", "utf-8-sig", "utf-32")[int(rng.integers(3))])


DAMAGES = (
    _flip, _flip, _remove, _remove, _repeat, _cut, _insert, _insert, _insert, _replace_value, _replace_value, _replace_value, _swap_lines,
    _other_ends, _other_delimiter, _other_encoding,
)  # fmt: skip
