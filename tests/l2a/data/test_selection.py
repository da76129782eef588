"""Which written problems can be used."""

import json

import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.data.jsonl import read_problems
from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.selection import select
from cloudsim.l2a.data.written import WrittenProblem
from cloudsim.l2a.tasks.problem import is_held_out
from cloudsim.l2a.tasks.vocabulary import build_tokenizer
from tests.l2a.optional import needs

torch = needs("torch", "model")


def problems(count: int = 200) -> list[WrittenProblem]:
    return [WrittenProblem(f"Question number {row}?", "step\n" * (1 + row % 5), str(row), f"mine.jsonl:{row + 1}") for row in range(count)]


def test_a_file_is_split_into_two_shares(tmp_path, chat_tokenizer):
    path = tmp_path / "mine.jsonl"
    path.write_text(
        "".join(json.dumps({"question": each.question, "answer": f"{each.reasoning}#### {each.answer}"}) + "\n" for each in problems())
    )
    chosen = select(read_problems(path), Rendering(chat_tokenizer), 512)
    assert not any(is_held_out(each.question) for each in chosen.training)
    assert all(is_held_out(each.question) for each in chosen.held_out)
    assert len(chosen.training) + len(chosen.held_out) == 200
    assert 10 < len(chosen.held_out) < 45


def test_rows_that_are_too_long_are_counted(chat_tokenizer):
    rendering = Rendering(chat_tokenizer)
    lengths = {each.source: sum(map(len, (rendering.example(each).prompt, rendering.example(each).completion))) for each in problems()}
    limit = sorted(lengths.values())[120]
    chosen = select(problems(), rendering, limit)
    kept = chosen.training + chosen.held_out
    assert {each.source for each in kept} == {source for source, length in lengths.items() if length <= limit}
    assert chosen.too_long == sum(length > limit for length in lengths.values()) > 0
    told = f"{len(chosen.training)} problems, {len(chosen.held_out)} held out"
    assert chosen.report == f"{told}; {chosen.too_long} more are left out since they are longer than {limit} tokens"
    assert "left out" not in select(problems(), rendering, 10_000).report


def test_nothing_left(chat_tokenizer):
    with pytest.raises(
        ModelError, match="of 200 problems none can be trained on: 200 are longer than 9 tokens; give more problems or raise the limit"
    ):
        select(problems(), Rendering(chat_tokenizer), 9)
    test_only = [each for each in problems() if each.held_out][:5]
    with pytest.raises(ModelError, match="of 5 problems none can be trained on: 5 belong to the eighth kept for evaluation"):
        select(test_only, Rendering(chat_tokenizer), 900)


def test_all_words_the_tokenizer_does_not_know_are_named():
    rows = [
        WrittenProblem("Mia has 4 coins .", "", "4", "f:1"),
        WrittenProblem("Mia has a cat .", "", "1", "f:2"),
        WrittenProblem("why", "", "1", "f:3"),
    ]
    with pytest.raises(ModelError) as caught:
        select(rows, Rendering(build_tokenizer()), 900)
    assert caught.value.problems == (
        "f:2: the tokenizer does not know 'cat'; use words of its vocabulary",
        "f:3: the tokenizer does not know 'why'; use words of its vocabulary",
    )
