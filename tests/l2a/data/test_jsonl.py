"""Problem files of users: both forms, gzip, and every way a row can be wrong."""

import gzip
import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.errors import ModelError
from cloudsim.l2a.data.jsonl import read_problems
from cloudsim.l2a.data.written import MARKERS

GSM8K = {
    "question": "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many clips in all?",
    "answer": "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nNatalia sold 48+24 = <<48+24=72>>72 clips altogether.\n#### 72",
}
OWN = {"question": "Two and two?", "reasoning": "2 + 2 = 4", "answer": 4}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def complaints(path: Path) -> list[str]:
    with pytest.raises(ModelError) as caught:
        list(read_problems(path))
    return [problem.replace(f"{path}:", "") for problem in caught.value.problems]


def test_both_forms_are_read(tmp_path):
    path = write(tmp_path / "mine.jsonl", GSM8K, "", OWN)
    first, second = read_problems(path)
    assert first.question == GSM8K["question"]
    assert first.reasoning == "Natalia sold 48/2 = 24 clips in May.\nNatalia sold 48+24 = 72 clips altogether."
    assert (first.answer, first.difficulty, first.source) == ("72", 2, f"{path}:1")
    assert (second.question, second.reasoning, second.answer) == ("Two and two?", "2 + 2 = 4", "4")
    assert (second.difficulty, second.source) == (1, f"{path}:3")


@pytest.mark.parametrize(("given_answer", "read"), [("#### 1,080", "1080"), ("so\n#### -12,345.50 ", "-12345.50"), ("#### 1,08", "1,08")])
def test_commas_of_thousands_are_taken_out(tmp_path, given_answer, read):
    assert next(read_problems(write(tmp_path / "a.jsonl", {"question": "q", "answer": given_answer}))).answer == read


def test_a_chain_may_be_empty(tmp_path):
    problem = next(read_problems(write(tmp_path / "a.jsonl", {"question": "q", "answer": "#### 5"})))
    assert (problem.reasoning, problem.difficulty) == ("", 1)


def test_gzip_goes_by_the_name(tmp_path):
    text = json.dumps(GSM8K) + "\r\n" + json.dumps(OWN)
    packed = tmp_path / "mine.jsonl.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    assert [problem.answer for problem in read_problems(packed)] == ["72", "4"]


def test_rows_are_read_one_by_one(tmp_path):
    def fill(path: Path, rows: int) -> Path:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(OWN | {"question": f"Question {row}?"}) + "\n" for row in range(rows))
            file.write("not JSON\n")
        return path

    stream = read_problems(fill(tmp_path / "long.jsonl", 20_000))
    assert [problem.question for problem in islice(stream, 2)] == ["Question 0?", "Question 1?"]
    assert sum(1 for _ in islice(stream, 19_998)) == 19_998
    with pytest.raises(ModelError, match=r"long.jsonl:20001: not JSON"):
        next(stream)


BAD_ROWS = {
    '{"question": "q", "answer"': "not JSON (Expecting ':' delimiter at column 27); accepted is",
    "[1, 2]": "found JSON of the type array; accepted is",
    "null": "found JSON of the type null; accepted is",
    "[" * 100_000: "JSON with a number too long or values nested too deeply",
    '{"question": "q", "answer": ' + "9" * 5000 + "}": "JSON with a number too long or values nested too deeply",
    '{"answer": "#### 1"}': "question: the key is missing (found 'answer'); accepted is",
    '{"question": "q"}': "answer: the key is missing (found 'question'); accepted is",
    "{}": "question: the key is missing (found no key)",
    '{"question": ["q"], "answer": "#### 1"}': "question: found the type array; accepted is text",
    '{"question": " ", "answer": "#### 1"}': "question: found empty text; accepted is a question",
    '{"question": "q", "answer": 4}': "answer: found the type number; accepted is text",
    '{"question": "q", "answer": "42"}': "answer: found #### 0 times; accepted is a chain, #### once",
    '{"question": "q", "answer": "a #### b #### 42"}': "answer: found #### 2 times",
    '{"question": "q", "answer": "so\\n#### "}': "answer: found nothing after ####; accepted is the answer",
    '{"question": "q", "reasoning": null, "answer": "4"}': "reasoning: found the type null; accepted is text",
    '{"question": "q", "reasoning": "r", "answer": true}': "answer: found the type true or false; accepted is text",
    '{"question": "q", "reasoning": "r", "answer": NaN}': "answer: found nan; accepted is a finite number or text",
    '{"question": "q", "reasoning": "r", "answer": ""}': "answer: found nothing; accepted is the answer",
    '{"question": "q", "reasoning": "r", "answer": "so #### 4"}': "answer: found #### beside a reasoning; accepted is the answer alone",
    '{"question": "q", "reasoning": "a</think>b", "answer": "4"}': "reasoning: found </think>, which the rendering of the problem adds",
    '{"question": "\\ud800", "answer": "#### 4"}': "question: found half a surrogate pair",
}


@pytest.mark.parametrize(("row", "message"), BAD_ROWS.items(), ids=[message[:40] for message in BAD_ROWS.values()])
def test_a_bad_row_is_named_with_what_was_found_and_what_is_accepted(tmp_path, row, message):
    found = complaints(write(tmp_path / "bad.jsonl", OWN, row))
    assert found[0].startswith(f"2: {message}"), found[0]


def test_all_bad_rows_come_in_one_error(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_bytes("\n".join([*BAD_ROWS, json.dumps(OWN)]).encode() + b'\n{"question": "\xff"}\n')
    found = complaints(path)
    assert sorted({int(line.partition(":")[0]) for line in found}) == [*range(1, len(BAD_ROWS) + 1), len(BAD_ROWS) + 2]
    assert found[-1] == f"{len(BAD_ROWS) + 2}: byte 15 of the line is not UTF-8; save the file as UTF-8"
    both = [line for line in found if line.startswith(f"{list(BAD_ROWS).index('{}') + 1}: ")]
    assert [line.split(": ")[1] for line in both] == ["question", "answer"]


@pytest.mark.parametrize("text", ["", "\n  \n\r\n"])
def test_a_file_without_problems(tmp_path, text):
    path = tmp_path / "empty.jsonl"
    path.write_text(text)
    with pytest.raises(ModelError, match=r"empty.jsonl: the file holds no problem; accepted is one a line"):
        list(read_problems(path))


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(ModelError, match=r"none.jsonl: there is no such file; accepted is a file of one problem a line"):
        list(read_problems(tmp_path / "none.jsonl"))
    with pytest.raises(ModelError, match=r"cannot be read \(Is a directory\)"):
        list(read_problems(tmp_path))


def test_gzip_that_is_broken_or_named_wrong(tmp_path):
    packed = gzip.compress("\n".join(json.dumps(OWN) for _ in range(500)).encode())
    for name, content in {"cut.gz": packed[:-20], "text.gz": b'{"question"', "rotten.gz": packed[:12] + b"\xff" * 30 + packed[42:]}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelError, match=f"{name}: not a complete gzip file"):
            list(read_problems(tmp_path / name))
    (tmp_path / "packed.jsonl").write_bytes(packed)
    with pytest.raises(ModelError, match=r"packed.jsonl: the file is compressed with gzip; let its name end in .gz"):
        list(read_problems(tmp_path / "packed.jsonl"))


def test_bad_rows_before_a_break_are_reported_too(tmp_path):
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(("nonsense\n" * 3).encode())[:-8])
    found = complaints(path)
    assert len(found) == 4
    assert found[0].startswith("1: not JSON")
    assert "not a complete gzip file" in found[-1]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text.strip() and "####" not in text and not any(marker in text for marker in (*MARKERS, "<<"))
)


@given(TEXT, TEXT, st.integers())
def test_what_was_written_is_read(tmp_path_factory, question, reasoning, answer):
    path = tmp_path_factory.mktemp("round") / "a.jsonl"
    rows = [
        {"question": question, "answer": f"{reasoning}\n#### {answer}"},
        {"question": question, "reasoning": reasoning, "answer": answer},
    ]
    for problem in read_problems(write(path, *rows)):
        assert (problem.question, problem.reasoning, problem.answer) == (question.strip(), reasoning.strip(), str(answer))
