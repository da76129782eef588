"""What generated requests say of themselves besides arrival and lengths."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from traces.blocks import joined
from traces.errors import TraceError
from traces.generation import request_table
from traces.generators.difficulty import Difficulty
from traces.generators.reasoning import Reasoning
from traces.generators.traffic import Traffic

STATED = {"name": "made", "provenance": "assumed", "origin": "a test", "gaps": {"kind": "poisson"}}
LENGTHS = {"kind": "lognormal", "log_mean": 4.5, "log_sigma": 0.9, "most_tokens": 8000}
TALKS = {
    "mean_turns": 4.0, "pause": {"kind": "lognormal", "log_mean": -4.0, "log_sigma": 0.7}, "most_tokens": 16_000,
    "system": {"count": 5, "tokens": 1100, "skew": 1.0}, "block_tokens": 512,
}  # fmt: skip


def made(span_s=20_000.0, seed=0, **more):
    parts = {"rate_rps": 2.0, "input": LENGTHS, "output": LENGTHS} | more
    return joined(Traffic(**STATED, **parts).requests(span_s, np.random.default_rng(seed)))


def test_nothing_is_said_unless_asked_for_and_asking_changes_nothing_else():
    plain = made()
    told = made(tiers={"a": 0.5, "b": 0.5}, reasoning={"requests_share": 0.5, "mean_share": 0.5, "concentration": 4.0},
                difficulty={"alpha": 2.0, "beta": 2.0})  # fmt: skip
    assert not plain.more
    assert set(told.more) == {"tier", "reasoning_tokens", "difficulty"}
    for name in ("arrival_s", "input_tokens", "output_tokens"):
        assert getattr(plain, name).tobytes() == getattr(told, name).tobytes()


def test_tiers_come_in_their_shares():
    tier = np.array(made(tiers={"premium": 0.2, "free": 0.8}).more["tier"])
    assert (tier == "premium").mean() == pytest.approx(0.2, abs=0.01)
    assert set(tier) == {"premium", "free"}
    with pytest.raises(TraceError, match=r"tiers must sum to 1; they sum to 0.9"):
        made(tiers={"premium": 0.1, "free": 0.8})


def test_reasoning_is_a_share_of_the_answer():
    table = made(reasoning={"requests_share": 0.7, "mean_share": 0.6, "concentration": 8.0})
    reasoning = np.asarray(table.more["reasoning_tokens"])
    assert ((reasoning >= 0) & (reasoning < table.output_tokens)).all()
    long = table.output_tokens > 50
    share = reasoning[long] / table.output_tokens[long]
    assert (share > 0).mean() == pytest.approx(0.7, abs=0.01)
    assert share[share > 0].mean() == pytest.approx(0.6, abs=0.01)
    assert share[share > 0].var() == pytest.approx(0.6 * 0.4 / 9, rel=0.06)


@given(output=st.lists(st.integers(1, 5), min_size=1, max_size=20), seed=st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_an_answer_has_a_token_that_is_no_reasoning(output, seed):
    outputs = np.array(output)
    reasoning = Reasoning(requests_share=1.0, mean_share=0.99, concentration=50.0).draw(outputs, np.random.default_rng(seed))
    assert ((reasoning >= 0) & (reasoning < outputs)).all()


@pytest.mark.parametrize("together", [-0.8, 0.0, 0.5, 1.0])
def test_difficulty_is_a_beta_distribution_that_goes_with_the_answer(together):
    from scipy.stats import kstest, rankdata

    outputs = np.random.default_rng(1).integers(1, 100_000, 20_000)
    difficulty = Difficulty(alpha=2.0, beta=5.0, with_output=together).draw(outputs, np.random.default_rng(0))
    assert kstest(difficulty, "beta", (2, 5)).statistic < 0.015
    found = np.corrcoef(rankdata(difficulty), rankdata(outputs))[0, 1]
    assert found == pytest.approx(6 / np.pi * np.arcsin(together / 2), abs=0.03)  # of ranks, for that of normal scores


@pytest.fixture(scope="module")
def talks():
    return made(conversations=TALKS, tiers={"premium": 0.3, "free": 0.7},
                reasoning={"requests_share": 1.0, "mean_share": 0.5, "concentration": 8.0})  # fmt: skip


def sessions(table):
    """Rows of each conversation in order."""
    found = defaultdict(list)
    for row, name in enumerate(table.more["session_id"].to_pylist()):
        found[name].append(row)
    return found


def test_the_rate_is_that_of_requests_from_the_first_minute_on(talks):
    assert len(talks) / 20_000 == pytest.approx(2.0, rel=0.03)
    counts = np.bincount((talks.arrival_s // 2000).astype(int))
    assert counts[0] == pytest.approx(4000, rel=0.1)
    assert (np.diff(talks.arrival_s) >= 0).all()
    begun = [rows for rows in sessions(talks).values() if talks.more["turn"][rows[0]].as_py() == 1 and talks.arrival_s[rows[0]] < 15_000]
    assert np.mean([len(rows) for rows in begun]) == pytest.approx(4.0, rel=0.05)
    pauses = np.concatenate([np.diff(talks.arrival_s[rows]) for rows in begun]) / 3600
    assert np.log(pauses).mean() == pytest.approx(-4.0, abs=0.05)


def test_a_turn_begins_with_all_that_was_said_and_shares_its_blocks(talks):
    turns, tiers, blocks = (talks.more[name].to_pylist() for name in ("turn", "tier", "prefix_blocks"))
    reasoning = np.asarray(talks.more["reasoning_tokens"])
    owners = defaultdict(set)
    for name, rows in sessions(talks).items():
        assert len({tiers[row] for row in rows}) == 1
        for row in rows:
            assert len(blocks[row]) == -(-talks.input_tokens[row] // 512)
            assert len(set(blocks[row])) == len(blocks[row])
            for block in blocks[row]:
                owners[block].add(name)
        for one, following in pairwise(rows):
            assert turns[following] == turns[one] + 1
            said = talks.input_tokens[one] + talks.output_tokens[one] - reasoning[one]
            assert talks.input_tokens[following] > said
            whole = int(talks.input_tokens[one]) // 512
            assert blocks[following][:whole] == blocks[one][:whole]
            if talks.input_tokens[one] % 512:
                assert blocks[following][whole] != blocks[one][whole]
    shared = {block for block, names in owners.items() if len(names) > 1}
    assert len(shared) == 5 * (1100 // 512)  # the whole blocks of five system prompts, and nothing else
    most, least = (len(owners[block]) for block in (-1, -1 - 4 * (1 << 24)))
    assert most / least == pytest.approx(5, rel=0.3)  # weights 1 and 1/5


def test_a_conversation_ends_before_its_prompt_is_too_long():
    table = made(conversations=TALKS | {"most_tokens": 1500})
    assert table.input_tokens.max() <= 1500
    for rows in sessions(table).values():
        assert np.array_equal(np.diff(np.asarray(table.more["turn"])[rows]), np.ones(len(rows) - 1))


def test_conversations_are_stored_and_read_again(tmp_path):
    from traces.generation import generate
    from traces.reading.trace import read_trace

    source = Traffic(**STATED, rate_rps=2.0, input=LENGTHS, output=LENGTHS, conversations=TALKS, difficulty={"alpha": 1.0, "beta": 1.0})
    generate(source, 600.0, 3).write(tmp_path / "a.parquet")
    table = request_table(joined(source.requests(600.0, np.random.default_rng(3))))
    assert read_trace(tmp_path / "a.parquet").table.to_pydict() == table.to_pydict()


@pytest.mark.parametrize("part", [{"mean_turns": 0.5}, {"block_tokens": 0}, {"system": {"count": 0, "tokens": 5}}])
def test_impossible_conversations_are_refused(part):
    with pytest.raises((TraceError, ValidationError), match="conversations"):
        made(conversations=TALKS | part)
