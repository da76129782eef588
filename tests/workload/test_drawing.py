"""What is drawn for requests does not hang on how they are cut into blocks."""

from dataclasses import replace

import numpy as np
import pytest

from cloudsim.workload.drawing import draw_blocks
from tests.cluster.scenario import contender, listed, small
from tests.workload.blocks import shorten
from traces.errors import TraceError
from traces.provenance import Provenance, Source
from traces.tables import RequestTrace

ROWS = [(at * 0.5, 100 + at, 50 + at) for at in range(100)]
COLUMNS = ("reasoning_tokens", "tier", "difficulty", "difficulty_seen", "luck", "output_seen", "tenant")


class InTwo:
    """Traffic in two tables, the second of which knows more of its source; and one without a row between."""

    def requests(self, duration_s, rng):
        for rows, told in ((ROWS[:30], "begun"), ([], "empty"), (ROWS[30:], "whole")):
            columns = list(zip(*rows, strict=True)) or [(), (), ()]
            source = Source("test", Provenance.ASSUMED, told)
            yield RequestTrace(np.array(columns[0], float), *(np.array(column, np.int64) for column in columns[1:]), (source,))


def config(**changes):
    return small(contender({"large": ("qwen3-4b", None, 1)}), ROWS, {"a-1a": [(0.0, 1, 1.0)]}, **{"duration_s": 60.0} | changes)


def drawn(made):
    blocks = list(draw_blocks(made, 0))
    columns = {name: np.concatenate([getattr(block, name) for block in blocks]) for name in COLUMNS}
    columns["arrival_s"] = np.concatenate([block.trace.arrival_s for block in blocks])
    return [len(block) for block in blocks], {name: column.tobytes() for name, column in columns.items()}, blocks


@pytest.mark.parametrize("rows", [1, 7, 50, 99, 100, 101])
def test_blocks_of_any_length_hold_the_same_requests(monkeypatch, rows):
    whole = drawn(config())
    shorten(monkeypatch, rows)
    cut = drawn(config())
    assert cut[0] == [rows] * (100 // rows) + ([100 % rows] if 100 % rows else [])
    assert [block.first for block in cut[2]] == list(range(0, 100, rows))
    assert cut[1] == whole[1]


def test_the_last_block_has_the_sources_of_the_last_table(monkeypatch):
    shorten(monkeypatch, 40)
    made = config(traffic={"_target_": "tests.workload.test_drawing.InTwo"})
    lengths, columns, blocks = drawn(made)
    assert lengths == [40, 40, 20]
    assert columns == drawn(config())[1]
    assert blocks[-1].trace.sources[0].origin == "whole"


class Late:
    """Traffic that goes on after the end."""

    def requests(self, duration_s, rng):
        yield RequestTrace(np.array([1.0, duration_s]), np.ones(2, np.int64), np.ones(2, np.int64))


class Backwards:
    """Traffic whose second table begins before the first one ends."""

    def requests(self, duration_s, rng):
        for at in (5.0, 4.0):
            yield RequestTrace(np.array([at]), np.ones(1, np.int64), np.ones(1, np.int64))


@pytest.mark.parametrize(
    ("source", "problem"),
    [("Late", "a request arrives at 60.0 s, but 60 s were asked for"), ("Backwards", r"runs backwards at row 1 \(4.0 s\)")],
)
def test_tables_that_do_not_follow_one_another_are_refused(source, problem):
    with pytest.raises(TraceError, match=problem):
        drawn(config(traffic={"_target_": f"tests.workload.test_drawing.{source}"}))


class Telling:
    """Traffic that says more of its first ten requests, and of the others nothing."""

    def __init__(self, tier="free"):
        self.tier = tier

    def requests(self, duration_s, rng):
        import pyarrow as pa

        table = next(InTwo().requests(duration_s, rng))
        more = {
            "tier": pa.array([self.tier] * 5 + [None] * 5),
            "difficulty": pa.array([0.125] * 10),
            "reasoning_tokens": pa.array([7, None] * 4 + [10**6, 0]),
        }
        yield replace(table.rows(0, 10), more=more)
        yield table.rows(10, 30)


def test_what_a_trace_says_is_taken_and_the_rest_is_drawn(monkeypatch):
    plain = next(draw_blocks(config(), 0))
    shorten(monkeypatch, 17)
    blocks = list(draw_blocks(config(traffic={"_target_": "tests.workload.test_drawing.Telling"}), 0))
    tier, difficulty, reasoning, luck = (
        np.concatenate([getattr(block, name) for block in blocks]) for name in ("tier", "difficulty", "reasoning_tokens", "luck")
    )
    assert tier.tolist() == [2] * 5 + plain.tier[5:30].tolist()
    assert difficulty.tolist() == [0.125] * 10 + plain.difficulty[10:30].tolist()
    full = 50 + np.arange(30)
    drawn = (full // 2).tolist()
    assert reasoning.tolist() == [7, drawn[1], 7, drawn[3], 7, drawn[5], 7, drawn[7], full[8], 0, *drawn[10:]]
    assert luck.tolist() == plain.luck[:30].tolist()
    names = [source.name for source in blocks[0].trace.sources]
    assert "tiers, difficulty and reasoning share" in names  # some were drawn


def test_what_a_trace_says_of_all_requests_is_no_assumption():
    [block] = draw_blocks(config(traffic={"_target_": "tests.workload.test_drawing.Whole"}), 0)
    assert [source.name for source in block.trace.sources] == ["test", "tiers and reasoning share", "tenants and predicted lengths"]


class Whole:
    """Traffic that says how difficult every request is."""

    def requests(self, duration_s, rng):
        import pyarrow as pa

        table = next(InTwo().requests(duration_s, rng))
        yield replace(table, more={"difficulty": pa.array(np.linspace(0, 1, len(table)))})


def test_tiers_that_a_run_does_not_have_are_refused():
    made = config(traffic={"_target_": "tests.workload.test_drawing.Telling", "tier": "gold"})
    with pytest.raises(TraceError, match=r"the trace has the tiers gold, and `tiers` has premium, standard, free"):
        drawn(made)


def test_predicted_lengths_are_true_ones_by_a_factor_of_median_one():
    rows = [(at * 0.01, 10, 1 + 1000 * (at % 2)) for at in range(4000)]
    [exact] = draw_blocks(config(traffic=listed(rows), workload__length_noise=0.0), 0)
    assert exact.output_seen.tolist() == [row[2] for row in rows]
    [block] = draw_blocks(config(traffic=listed(rows), workload__length_noise=0.4), 0)
    assert block.output_seen.min() == 1
    spread = np.log(block.output_seen[1::2] / 1001)
    assert np.median(spread) == pytest.approx(0.0, abs=0.03)
    assert spread.std() == pytest.approx(0.4, abs=0.03)
    assert block.luck.tobytes() == exact.luck.tobytes()


def test_tenants_are_drawn_by_zipfs_law():
    rows = [(at * 0.01, 10, 10) for at in range(5000)]
    for skew, shares in ((0.0, [1 / 4] * 4), (1.0, [12 / 25, 6 / 25, 4 / 25, 3 / 25])):
        [block] = draw_blocks(config(traffic=listed(rows), workload__tenants=4, workload__tenant_skew=skew), 0)
        assert np.bincount(block.tenant, minlength=4) / 5000 == pytest.approx(shares, abs=0.03)
