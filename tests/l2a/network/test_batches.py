"""What a row writes does not depend on the rows beside it, nor on the kind of cache."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.l2a.generation import Words, generate
from cloudsim.l2a.plan import GatePlanner, budget_rows
from cloudsim.l2a.sampling import Sampling
from tests.l2a.network.elastic import KINDS, MODES, prompts, shared

NOTHING = Words(frozenset())
ROWS = st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1), st.integers(0, 1000)), min_size=1, max_size=6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
@given(rows=ROWS, sampled=st.booleans(), ends=st.sets(st.integers(0, 39), max_size=12), new=st.integers(1, 9))
@settings(max_examples=6)
def test_a_row_alone_writes_what_it_writes_in_a_batch(kind, mode, rows, sampled, ends, new):
    model, decoder = shared(kind, mode)
    asked = [prompts([length], seed)[0] for length, _, seed in rows]
    budgets = budget_rows([budget for _, budget, _ in rows])
    sampling = Sampling(0.8, 0.9, 5) if sampled else Sampling()
    words = Words(frozenset(ends))
    together = generate(decoder, asked, budgets, GatePlanner(model), words, new, sampling=sampling)
    growing = generate(decoder, asked, budgets, GatePlanner(model), words, new, sampling=sampling, static_cache=False)
    assert growing.tokens == together.tokens
    for row, prompt in enumerate(asked):
        alone = generate(decoder, [prompt], budgets[row : row + 1], GatePlanner(model), words, new, sampling=sampling, names=[row])
        assert alone.tokens[0] == together.tokens[row]
        assert alone.plan.masks() == [together.plan.masks()[row]]
        written = together.tokens[row]
        assert len(written) == new or written[-1] in ends
        assert not set(written[:-1]) & ends


@pytest.mark.parametrize("mode", MODES)
def test_rows_that_finish_are_dropped_and_the_others_go_on_as_before(mode, monkeypatch):
    model, decoder = shared("qwen3", mode)
    asked, budgets = prompts([3, 9, 5, 7, 4, 6]), budget_rows([0.4, 0.6, 0.8, 1.0, 0.5, 0.7])
    whole = generate(decoder, asked, budgets, GatePlanner(model), NOTHING, 14).tokens
    # One token that ends some rows early, and others late or never.
    ends = {token: sorted(row.index(token) if token in row else 99 for row in whole) for row in whole for token in row}
    end = min(token for token, places in ends.items() if 0 < places[0] < 5 < places[-1])
    sizes = []
    decode = decoder.decode

    def counted(running, tokens):
        sizes.append(len(tokens))
        return decode(running, tokens)

    monkeypatch.setattr(decoder, "decode", counted)
    cut = generate(decoder, asked, budgets, GatePlanner(model), Words(frozenset([end])), 14).tokens
    assert cut == [row[: row.index(end) + 1] if end in row else row for row in whole]
    assert sizes[0] == 6
    assert sizes[-1] < 6
    assert len(sizes) == max(map(len, cut)) - 1


def test_the_last_token_is_not_read(monkeypatch):
    model, decoder = shared("llama", "nested")
    steps = []
    decode = decoder.decode
    monkeypatch.setattr(decoder, "decode", lambda running, tokens: (steps.append(1), decode(running, tokens)))
    answers = generate(decoder, prompts([4, 4]), budget_rows([0.5, 1.0]), GatePlanner(model), NOTHING, 5)
    assert [len(row) for row in answers.tokens] == [5, 5]
    assert len(steps) == 4


def test_sampling_follows_the_probabilities():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).expand(4000, -1)
    sampling = Sampling(1.0, 1.0, 0)
    shares = torch.bincount(sampling.choose(logits, sampling.streams(list(range(4000)))), minlength=4) / 4000
    assert shares.tolist() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)
    nucleus = Sampling(1.0, 0.7, 0)
    shares = torch.bincount(nucleus.choose(logits, nucleus.streams(list(range(4000)))), minlength=4) / 4000
    assert shares.tolist() == pytest.approx([0.625, 0.375, 0, 0], abs=0.03)


def test_another_seed_draws_other_tokens():
    model, decoder = shared("llama", "nested")
    asked, budgets = prompts([4, 6]), budget_rows([1.0, 0.7])
    drawn = [
        generate(decoder, asked, budgets, GatePlanner(model), NOTHING, 12, sampling=Sampling(1.0, 1.0, seed)).tokens for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
