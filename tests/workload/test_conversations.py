"""Requests of a run that are turns of conversations: their numbers, their turns, and what their prompts share."""

import json
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.workload import conversations
from cloudsim.workload.conversations import ASSUMED, Conversations
from cloudsim.workload.drawing import draw_blocks
from cloudsim.workload.workload import Workload
from tests.cluster.scenario import contender, small
from tests.workload.blocks import shorten
from traces.generators.traffic import Traffic
from traces.tables import RequestTrace

BLOCK = 4


def table(rows, block_tokens=BLOCK):
    """A trace of (session, turn, prompt tokens, answer tokens, hashes of the prompt's blocks)."""
    session, turn, prompt, answer, hashes = zip(*rows, strict=True)
    more = {"session_id": pa.array(session, pa.string()), "turn": pa.array(turn, pa.int64())}
    if any(one is not None for one in hashes):
        more["prefix_blocks"] = pa.array(hashes, pa.list_(pa.int64()))
    lengths = (np.array(column, np.int64) for column in (prompt, answer))
    return RequestTrace(np.arange(float(len(rows))), *lengths, (), more, block_tokens)


def columns(*tables):
    """Conversation, turn and shared tokens of each request of tables that follow one another, and what followed them."""
    follows = Conversations()
    parts = [follows.columns(one) for one in tables]
    return [np.concatenate(column).tolist() for column in zip(*parts, strict=True)], follows


def test_conversations_are_numbered_as_they_appear_and_turns_are_counted_unless_told():
    rows = [("b", None, 9, 1, None), (None, None, 9, 1, None), ("a", 3, 9, 1, None), ("b", None, 9, 1, None), ("a", None, 9, 1, None)]
    for cut in range(1, 5):
        found, _ = columns(table(rows[:cut]), table(rows[cut:]))
        assert found[:2] == [[0, -1, 1, 0, 1], [1, 0, 3, 2, 4]]


def test_without_hashes_the_last_turn_is_assumed_to_be_shared_but_for_a_token_of_the_own_prompt():
    found, follows = columns(table([("a", 1, 10, 5, None), ("a", 2, 40, 5, None), ("a", 3, 12, 1, None)]))
    assert found[2] == [0, 15, 11]
    assert follows.assumed


def test_hashes_say_which_blocks_two_prompts_share():
    rows = [
        ("a", 1, 7, 90, [1, 2]), ("a", 2, 11, 90, [1, 5, 6]), ("b", 1, 11, 90, [1, 5, 6]), ("a", 3, 14, 9, [1, 5, 6, 7]),
        ("a", 4, 14, 9, [1, 5, 6, 7]), ("a", 5, 14, 9, [3, 5, 6, 7]),
    ]  # fmt: skip
    found, follows = columns(table(rows))
    assert found[2] == [0, 4, 0, 11, 13, 0]  # an equal last block holds no more than the shorter prompt has
    assert not follows.assumed
    found, follows = columns(table(rows, block_tokens=0))  # of blocks whose size nobody knows
    assert found[2][1] == 10
    assert follows.assumed


def test_a_conversation_that_has_been_silent_for_too_long_begins_anew(monkeypatch):
    monkeypatch.setattr(conversations, "MOST_OPEN", 2)
    found, follows = columns(table([(name, None, 9, 1, None) for name in "abacba"]))
    assert found == [[0, 1, 0, 2, 3, 4], [1, 1, 2, 1, 1, 1], [0, 0, 8, 0, 0, 0]]
    assert len(follows._last) == 2


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 5), st.sampled_from([16, 512]))
def test_turns_of_generated_conversations_share_the_whole_blocks_of_the_last_prompt(seed, block_tokens):
    made = talks(block_tokens, seed)
    (number, turn, shared), follows = columns(made)
    assert not follows.assumed
    by_conversation = {}
    for at, one in enumerate(number):
        by_conversation.setdefault(one, []).append(at)
    assert max(map(len, by_conversation.values())) > 3
    for turns in by_conversation.values():
        assert shared[turns[0]] == 0
        for before, after in pairwise(turns):
            assert turn[after] == turn[before] + 1
            assert shared[after] == made.input_tokens[before] // block_tokens * block_tokens


def talks(block_tokens, seed=0):
    lengths = {"kind": "lognormal", "log_mean": 4.5, "log_sigma": 0.6, "most_tokens": 2000}
    source = Traffic(
        name="talks", provenance="assumed", origin="a test", gaps={"kind": "poisson"}, rate_rps=2.0, input=lengths, output=lengths,
        conversations={
            "mean_turns": 5.0, "pause": {"kind": "lognormal", "log_mean": -5.0, "log_sigma": 0.5}, "most_tokens": 9000,
            "block_tokens": block_tokens,
        },
    )  # fmt: skip
    return next(source.requests(300.0, np.random.default_rng(seed)))


@pytest.fixture
def talk_file(tmp_path):
    """Two conversations of two turns in the format of Qwen-Bailian, whose blocks have 16 tokens; the file lasts 30 s."""
    rows = [(0, 1, -1, 1, 40, [1, 2, 3]), (10, 2, -1, 1, 20, [8, 9]), (20, 3, 1, 2, 70, [1, 2, 4, 5, 6]), (30, 4, 2, 2, 40, [8, 7, 6])]
    file = tmp_path / "talks.jsonl"
    file.write_text("".join(
        json.dumps({"chat_id": chat, "parent_chat_id": parent, "timestamp": time, "turn": turn, "input_length": tokens,
                    "output_length": 5, "type": "text", "hash_ids": hashes}) + "\n"
        for time, chat, parent, turn, tokens, hashes in rows
    ))  # fmt: skip
    return {"_target_": "traces.replay.traffic.ReplayedTraffic", "file": str(file)}


def run(traffic, **changes):
    return small(contender({"large": ("qwen3-4b", None, 1)}), [], {"a-1a": [(0.0, 1, 1.0)]}, traffic=traffic, **changes)


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_a_run_knows_the_conversations_of_a_replayed_trace_and_those_of_each_round_anew(talk_file, monkeypatch, rows):
    shorten(monkeypatch, rows)
    requests = list(Workload(draw_blocks(run(talk_file, duration_s=80.0), 0)).requests())
    assert [request.conversation for request in requests] == [0, 1, 0, 1, 2, 3, 2, 3]
    assert [request.view.turn for request in requests] == [1, 1, 2, 2] * 2
    assert [request.shared_tokens for request in requests] == [0, 0, 32, 16] * 2


def test_the_sources_say_where_shared_tokens_are_assumed(talk_file):
    [block] = draw_blocks(run(talk_file, duration_s=31.0), 0)
    assert ASSUMED not in block.trace.sources
    [block] = draw_blocks(run({"_target_": "tests.workload.test_conversations.Told"}, duration_s=60.0), 0)
    assert ASSUMED in block.trace.sources


class Told:
    """Traffic that names sessions and says nothing else of them."""

    def requests(self, duration_s, rng):
        yield table([("a", None, 9, 1, None), ("a", None, 19, 1, None)])


def test_requests_of_a_trace_without_sessions_belong_to_no_conversation():
    config = small(contender({"large": ("qwen3-4b", None, 1)}), [(0.0, 5, 5)], {"a-1a": [(0.0, 1, 1.0)]})
    [block] = draw_blocks(config, 0)
    assert len(block.conversation) == len(block.turn) == len(block.shared_tokens) == 0
    [request] = Workload(iter([block])).requests()
    assert (request.conversation, request.turn, request.shared_tokens) == (-1, 0, 0)
