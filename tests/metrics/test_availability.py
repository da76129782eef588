"""The share of time with enough instances, against what one counts by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.metrics.availability import availability
from cloudsim.metrics.words import encode

NAN = float("nan")


def table(*rows):
    """Nodes as (pool, ready_s, noticed_s, ended_s)."""
    pools, *columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    names = ("ready_s", "noticed_s", "ended_s")
    return {"pool": encode(list(pools)), **{name: np.array(column, float) for name, column in zip(names, columns, strict=True)}}


@pytest.mark.parametrize(
    ("rows", "wanted", "share"),
    [
        ([], {"p": 1}, 0.0),
        ([], {"p": 0}, 1.0),
        ([("p", 0, NAN, 120)], {"p": 1}, 1.0),
        ([("p", 20, NAN, 120)], {"p": 1}, 0.8),
        ([("p", NAN, NAN, 90)], {"p": 1}, 0.0),  # it never was ready
        ([("p", 0, 60, 90)], {"p": 1}, 0.6),  # under notice it takes no requests
        ([("p", 0, NAN, 50), ("p", 40, NAN, 120)], {"p": 1}, 1.0),
        ([("p", 0, NAN, 50), ("p", 40, NAN, 120)], {"p": 2}, 0.1),
        ([("p", 0, NAN, 50), ("p", 50, NAN, 120)], {"p": 1}, 1.0),
        ([("p", 0, NAN, 50), ("q", 0, NAN, 120)], {"p": 1, "q": 1}, 0.5),
        ([("p", 0, NAN, 120), ("q", 110, NAN, 120)], {"p": 1, "q": 0}, 1.0),
    ],
)
def test_the_share_is_counted_by_hand(rows, wanted, share):
    assert availability(table(*rows), wanted, 100.0) == pytest.approx(share)


@given(st.lists(st.tuples(st.sampled_from("pq"), st.integers(0, 99), st.integers(1, 60)), max_size=8), st.integers(0, 3), st.integers(0, 3))
def test_it_is_what_a_look_at_every_second_finds(spans, p, q):
    rows = [(pool, begin, NAN, begin + lasts) for pool, begin, lasts in spans]
    enough = [
        all(sum(row[0] == pool and row[1] <= second < row[3] for row in rows) >= wanted for pool, wanted in (("p", p), ("q", q)))
        for second in range(100)
    ]
    assert availability(table(*rows), {"p": p, "q": q}, 100.0) == pytest.approx(np.mean(enough))
