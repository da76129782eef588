"""Damaged variants of the real files end in a valid table or an error that says where, whatever is wrong with them."""

import shutil
from collections import Counter

import numpy as np
import pytest

from tests.traces.reading.damage import damaged
from tests.traces.reading.ends_well import ends_well
from tests.traces.reading.test_real_files import FILES
from traces.reading.bad_row import BadRow
from traces.reading.reader import ReadOptions
from traces.reading.registry import known_readers

SINGLE = [real for real in FILES if "." in real.path]
HEAD_LINES = 40


def run(data_folder, folder, variants, seed):
    """Read damaged variants of the beginnings of the real files; how they ended."""
    rng = np.random.default_rng(seed)
    contents = {}
    for real in SINGLE:
        lines = (data_folder / real.path).read_bytes().split(b"\n")
        contents[real.path] = b"\n".join(lines[:HEAD_LINES]) if len(lines) > 1 else lines[0][:400]
    ends = Counter()
    for index in range(variants):
        real = SINGLE[index % len(SINGLE)]
        path = folder / real.path.rsplit("/", 1)[-1]
        path.write_bytes(damaged(contents[real.path], rng))
        wanted = real.format if rng.random() < 0.8 else None
        ends[ends_well(path, wanted, ReadOptions(), list(BadRow)[int(rng.integers(3))])] += 1
    return ends


def test_damaged_files_end_well(data_folder, tmp_path):
    ends = run(data_folder, tmp_path, 900, 0)

    assert sum(ends.values()) == 900
    assert min(ends["table"], ends["error"]) > 100


@pytest.mark.nightly
def test_ten_thousand_damaged_files_end_well(data_folder, tmp_path):
    ends = run(data_folder, tmp_path, 10_000, 1)

    assert sum(ends.values()) == 10_000
    assert min(ends["table"], ends["error"]) > 1_000


def test_damaged_members_of_a_folder_end_well(data_folder, tmp_path):
    rng = np.random.default_rng(2)
    source = data_folder / "skynomad_v100"
    stem = "us-east-1a_v100_1"
    rows = b"\n".join((source / f"{stem}.csv").read_bytes().split(b"\n")[: HEAD_LINES + 1])
    prices = b'{"%s": [%s]}' % (stem.encode(), b", ".join([b"1.67"] * HEAD_LINES))
    for index in range(150):
        shutil.rmtree(tmp_path / "market", ignore_errors=True)
        (tmp_path / "market").mkdir()
        (tmp_path / "market" / f"{stem}.csv").write_bytes(damaged(rows, rng) if index % 2 else rows)
        (tmp_path / "market" / "v100_spot_prices.json").write_bytes(prices if index % 2 else damaged(prices, rng))
        ends_well(tmp_path / "market", "skynomad", ReadOptions(), list(BadRow)[index % 3])


@pytest.mark.parametrize("name", sorted(set(known_readers()) - {"columns"}))
def test_any_reader_refuses_any_other_format(name, data_folder):
    for real in SINGLE:
        if name != real.format:
            assert ends_well(data_folder / real.path, name, ReadOptions(), BadRow.ERROR) == "error", (name, real.path)
