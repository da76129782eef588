"""Problems as tensors: what is a target, where the reasoning may stop, what a step draws."""

import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.batches import LOOK_UP, SHAPE_MULTIPLE, Mixture, collate, example
from cloudsim.l2a.tasks.families import families
from cloudsim.l2a.tasks.problem import Effort, is_held_out
from cloudsim.l2a.tasks.vocabulary import build_tokenizer
from tests.l2a.optional import needs
from tests.l2a.tasks.test_vocabulary import text_of

torch = needs("torch", "model")
needs("transformers", "model")


def token(name: str) -> int:
    return build_tokenizer().convert_tokens_to_ids(name)


def drawn(name: str, difficulty: int, seed: int = 0):
    return families()[name].draw(Random(seed), difficulty)


def rows_of(batches) -> list[str]:
    """Texts of all rows, without padding."""
    return [text_of([int(each) for each in row if each != token("<pad>")]) for batch in batches for row in batch.tokens]


@st.composite
def batches(draw):
    chosen = [
        (families()[name].draw(Random(seed), 1 + seed % families()[name].hardest), effort, checked)
        for name, seed, effort, checked in draw(
            st.lists(
                st.tuples(st.sampled_from(sorted(families())), st.integers(0, 2**32), st.sampled_from(list(Effort)), st.booleans()),
                min_size=1, max_size=6,
            )
        )
    ]  # fmt: skip
    return chosen, collate(example(*each) for each in chosen)


@settings(max_examples=150)
@given(batches())
def test_a_batch_says_what_is_prompt_reasoning_answer_and_padding(made):
    chosen, batch = made
    length = batch.tokens.shape[1]
    assert length % SHAPE_MULTIPLE == 0
    assert length - SHAPE_MULTIPLE < max(int((row != token("<pad>")).sum()) for row in batch.tokens) <= length
    for index, (problem, effort, checked) in enumerate(chosen):
        row, start = batch.tokens[index], int(batch.prompt_tokens[index])
        end = int((row == token("<eos>")).nonzero()) + 1
        closing = int((row == token("</think>")).nonzero())
        chain, check = problem.reasoning(effort)
        assert text_of(row[:start].tolist()) == problem.prompt(effort)
        assert text_of(row[start:closing].tolist()) == " ".join(part for part in (chain, check if checked else "") if part)
        assert row[end:].eq(token("<pad>")).all()
        assert not batch.weights[index, :start].any()
        assert not batch.weights[index, end:].any()
        assert batch.weights[index, start:closing].eq(1).all()
        assert batch.weights[index, closing:end].eq(1.0 if chain else 4.0).all()
        assert batch.thinking[index].nonzero().flatten().tolist() == list(range(start, closing))
        stop = int(batch.stop_from[index])
        assert (text_of(row[start:stop].tolist()) == chain and stop <= closing) if chain else stop == length


def test_padding_can_be_another_token():
    long, short = example(drawn("events", 6), Effort.FULL), example(drawn("cups", 1), Effort.DIRECT)
    batch = collate([long, short], padding=7)
    used = len(short.prompt) + len(short.completion)
    assert batch.tokens[1, used:].eq(7).all()
    assert not batch.weights[1, used:].any()


def test_equal_arguments_give_equal_batches_and_others_do_not():
    mixture = Mixture(seed=5, problems=12, rows=5)
    first = rows_of(mixture.draw(3, 0))
    assert rows_of(Mixture(seed=5, problems=12, rows=5).draw(3, 0)) == first
    for other in (mixture.draw(4, 0), mixture.draw(3, 1), Mixture(seed=6, problems=12, rows=5).draw(3, 0)):
        assert not set(rows_of(other)) & set(first)


def test_another_process_draws_equal_batches():
    code = "import json; from tests.l2a.tasks.test_batches import digest; print(json.dumps(digest()))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": "77"}
    )
    assert json.loads(found.stdout) == digest()


def digest() -> str:
    made = Mixture(seed=2, problems=24, rows=8).draw(11, 1)
    return sha256(b"".join(part.numpy().tobytes() for batch in made for part in (batch.tokens, batch.weights, batch.stop_from))).hexdigest()


def test_micro_batches_hold_rows_of_like_length():
    made = Mixture(problems=50, rows=16).draw(0, 0)
    assert [len(batch.tokens) for batch in made] == [16, 16, 16, 2]
    lengths = [int((row != token("<pad>")).sum()) for batch in made for row in batch.tokens]
    assert lengths == sorted(lengths)


def test_efforts_come_in_their_shares():
    texts = rows_of(Mixture(problems=1500, rows=1500, families=("events", "columns"), terse=0.3, direct=0.2, unchecked=0.4).draw(0, 0))
    share = {effort: sum(f"<{effort}>" in text for text in texts) / len(texts) for effort in Effort}
    full = [text for text in texts if "<full>" in text]
    # Two of six and two of five difficulties are easy enough to be answered at once.
    assert share["direct"] == pytest.approx(0.2 * (2 / 6 + 2 / 5) / 2, abs=0.03)
    assert share["full"] == pytest.approx(0.5, abs=0.04)
    assert sum("check" not in text for text in full) / len(full) == pytest.approx(0.4, abs=0.05)


def test_a_step_never_shows_what_is_held_out():
    questions = [text.split("> ", 2)[2].removesuffix(" <think>") for text in prompts(Mixture(problems=600, rows=600).draw(0, 0))]
    assert not any(is_held_out(question) for question in questions)


def prompts(batches) -> list[str]:
    return [text_of(row[:count].tolist()) for batch in batches for row, count in zip(batch.tokens, batch.prompt_tokens, strict=True)]


def test_families_can_be_chosen():
    texts = rows_of(Mixture(problems=40, families=("events", "columns"), warmup=0).draw(0, 0))
    assert all(re.search("how many|> add|> recall", text) for text in texts)
    assert sum("> recall" in text for text in texts) < 7
    with pytest.raises(ModelError, match="'ledger', 'sums' cannot be trained on; there are events, columns"):
        Mixture(families=("events", "ledger", "sums"))


def test_looking_up_gives_way_as_difficulties_come_in():
    mixture = Mixture(problems=800, rows=800, warmup=0.5)
    shares = [sum("> recall" in text for text in rows_of(mixture.draw(0, 0, reach))) / 800 for reach in (0.34, 0.67, 1.0)]
    assert shares == pytest.approx([LOOK_UP + 0.5 * 0.66, LOOK_UP + 0.5 * 0.33, LOOK_UP], abs=0.04)


def test_half_of_the_problems_for_the_head_are_answered_at_once():
    texts = rows_of(Mixture(problems=800, rows=800, families=("cups", "events"), direct=0).draw(0, 0))
    cups = [text for text in texts if "> ball" in text]
    assert sum("<direct>" in text for text in cups) / len(cups) == pytest.approx(0.5, abs=0.06)
    assert not any("<direct>" in text for text in texts if "how many" in text)


def test_easy_problems_come_first():
    def longest(reach: float) -> int:
        return max(len(text.split()) for text in rows_of(Mixture(problems=60, families=("events",), direct=0).draw(0, 0, reach)))

    assert longest(0.2) < longest(1.0) * 0.7
