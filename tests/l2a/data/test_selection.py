"""Which written problems are used for training, and how a step draws from them."""

import json

import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.data.jsonl import read_problems
from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.selection import WrittenMixture, select
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
    rendering = Rendering(chat_tokenizer)
    train, test, both = (select(read_problems(path), rendering, 512, share).problems for share in (False, True, None))
    assert not any(is_held_out(each.question) for each in train)
    assert all(is_held_out(each.question) for each in test)
    assert sorted(each.source for each in train + test) == sorted(each.source for each in both)
    assert len(both) == 200
    assert 10 < len(test) < 45


def test_rows_that_are_too_long_are_counted(chat_tokenizer):
    rendering = Rendering(chat_tokenizer)
    lengths = {each.source: sum(map(len, (rendering.example(each).prompt, rendering.example(each).completion))) for each in problems()}
    limit = sorted(lengths.values())[120]
    chosen = select(problems(), rendering, limit)
    assert {each.source for each in chosen.problems} == {source for source, length in lengths.items() if length <= limit}
    assert chosen.too_long == sum(length > limit for length in lengths.values()) > 0
    assert (
        chosen.report == f"{len(chosen.problems)} problems; {chosen.too_long} more were left out since they are longer than {limit} tokens"
    )
    assert select(problems(), rendering, 10_000).report == "200 problems"


def test_nothing_left(chat_tokenizer):
    with pytest.raises(
        ModelError, match="of 200 problems none can be used: 200 are longer than 9 tokens; give more problems or raise the limit"
    ):
        select(problems(), Rendering(chat_tokenizer), 9)
    train_only = [each for each in problems() if not each.held_out][:5]
    with pytest.raises(ModelError, match="of 5 problems none of the held-out eighth can be used: none belongs to this share"):
        select(train_only, Rendering(chat_tokenizer), 900, held_out=True)


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


def test_a_step_draws_from_its_seed_its_number_and_its_process(plain_tokenizer):
    rendering = Rendering(plain_tokenizer)
    chosen = select(problems(), rendering, 512)

    def rows(seed: int, step: int, rank: int) -> list[str]:
        made = WrittenMixture(chosen, rendering, seed, problems=20, rows=8).draw(step, rank)
        assert [len(batch.tokens) for batch in made] == [8, 8, 4]
        return [plain_tokenizer.decode(row).replace("<fill>", "") for batch in made for row in batch.tokens]

    first = rows(1, 2, 3)
    assert len(set(first)) == 20
    assert [len(row) for row in first] == sorted(len(row) for row in first)
    assert rows(1, 2, 3) == first
    assert all(set(other) != set(first) for other in (rows(0, 2, 3), rows(1, 0, 3), rows(1, 2, 0)))


def test_a_small_file_gives_small_steps_and_every_problem_in_time(plain_tokenizer):
    rendering = Rendering(plain_tokenizer)
    mixture = WrittenMixture(select(problems(6), rendering, 512), rendering, problems=64)
    assert [len(batch.tokens) for batch in mixture.draw(0, 0)] == [6]
    few = WrittenMixture(mixture.selection, rendering, problems=2)
    seen = {plain_tokenizer.decode(row).replace("<fill>", "") for step in range(40) for batch in few.draw(step, 0) for row in batch.tokens}
    assert len(seen) == 6
