"""The reasoning-to-answer gate: it forces `</think> <answer>`, and never inside a number."""

import pytest
import torch

from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.generation import Stopping, Words, generate
from cloudsim.l2a.plan import DensePlanner, budget_rows
from cloudsim.l2a.tasks.vocabulary import build_tokenizer
from cloudsim.l2a.words import words_of
from tests.l2a.network.elastic import elastic, prompts, shared

CLOSE, ANSWER = 6, 7


class Always:
    """A stop gate that wants to stop at once, at some budgets of tokens."""

    def __call__(self, states, budget):
        return torch.ones(states.shape[:2])


def written(words, tokens=(0.5,), new=12, gate=None, lengths=(5,)):
    _, decoder = shared("llama", "nested")
    budget = budget_rows([ComputeBudget(1.0, 1.0, share) for share in tokens])
    return generate(
        decoder, prompts(lengths), budget, DensePlanner(2), words, new, stopping=Stopping(gate or Always(), budget)
    )  # fmt: skip


def test_the_gate_forces_the_end_of_the_reasoning_and_the_answer_goes_on():
    assert not {CLOSE, ANSWER} & set(written(Words(frozenset())).tokens[0])
    answer = written(Words(frozenset(), (CLOSE, ANSWER)))
    assert answer.tokens[0][:2] == [CLOSE, ANSWER]
    assert len(answer.tokens[0]) == 12
    # Once in the answer, nothing more is forced.
    assert answer.tokens[0][2:4] != [CLOSE, ANSWER]
    assert answer.think_tokens == [0]
    assert answer.cut == [True]


def test_a_full_budget_of_tokens_is_never_cut():
    answer = written(Words(frozenset(), (CLOSE, ANSWER)), tokens=(1.0, 0.0), lengths=(5, 5))
    assert answer.cut == [False, True]
    assert answer.tokens[0][:2] != [CLOSE, ANSWER]
    assert answer.think_tokens[0] > 0


def test_it_waits_for_the_end_of_a_number():
    plain = written(Words(frozenset()), new=6).tokens[0]
    first = next(token for token in plain if token != plain[0])
    place = plain.index(first)
    digits = frozenset(plain[:place])
    answer = written(Words(frozenset(), (CLOSE, ANSWER), digits))
    assert place > 0
    assert answer.tokens[0][: place + 2] == [*plain[:place], CLOSE, ANSWER]
    assert answer.think_tokens == [place]


def test_a_model_that_ends_its_reasoning_itself_is_left_alone():
    plain = written(Words(frozenset()), new=6).tokens[0]
    answer = written(Words(frozenset(), (plain[0], ANSWER)), new=6)
    assert answer.tokens[0] == plain
    assert answer.cut == [False]
    assert answer.think_tokens == [0]


def test_without_words_for_it_nothing_is_forced():
    assert written(Words(frozenset()), new=6).cut == [False]


def test_the_gate_reads_state_and_budget():
    model = elastic("llama", "faithful")
    states = torch.randn(2, 3, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in model.stop.parameters():
            torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(1))
        low, high = (model.stop(states, torch.tensor([[1.0, 1.0, share]] * 2)) for share in (0.1, 0.9))
    assert low.shape == (2, 3)
    assert not torch.allclose(low, high)
    assert not torch.allclose(low[0], low[1])


def test_words_of_the_tokenizer_of_the_procedural_problems():
    tokenizer = build_tokenizer()
    words = words_of(tokenizer)
    assert tokenizer.convert_ids_to_tokens(list(words.thought_end)) == ["</think>", "<answer>"]
    assert sorted(tokenizer.convert_ids_to_tokens(sorted(words.digits))) == [str(digit) for digit in range(10)]
    assert words.end == {tokenizer.eos_token_id}


@pytest.mark.parametrize("lacking", ["</think>", "<answer>"])
def test_a_tokenizer_without_the_marks_forces_nothing(lacking):
    class Tokenizer:
        eos_token_id = None

        def get_vocab(self):
            return {word: index for index, word in enumerate(["</think>", "<answer>", "Ġ12", "▁7", "x1", "³"]) if word != lacking}

    words = words_of(Tokenizer())
    assert words.thought_end == ()
    assert words.end == frozenset()
    assert words.digits >= {2, 3}
    assert 4 not in words.digits
