"""A folder of SkyPilot's files is one market, a zone a file."""

import json

import pytest

from traces.errors import TraceError
from traces.reading.reader import ReadOptions
from traces.reading.trace import read_trace


def write(folder, name, data):
    (folder / f"{name}.json").write_text(json.dumps({"metadata": {"gap_seconds": 150}, "data": data}))


def test_every_file_is_a_zone(tmp_path):
    write(tmp_path, "us-central1-a_a100_40gb_8", [2, 0, 4])
    write(tmp_path, "asia-northeast1-a_a100_40gb_8", [1, 0, 1])
    frame = read_trace(tmp_path, "skypilot", ReadOptions(ones_are="up")).table.to_pandas()
    found = {zone: (rows["time_s"].tolist(), rows["capacity"].tolist()) for zone, rows in frame.groupby("zone")}
    assert found == {"asia-northeast1-a": ([0, 150, 300], [1, 0, 1]), "us-central1-a": ([0, 150, 300], [2, 0, 4])}


def test_the_file_that_is_wrong_is_named(tmp_path):
    write(tmp_path, "us-central1-a_a100_40gb_8", [2, 0, 4])
    write(tmp_path, "asia-northeast1-a_a100_40gb_8", [1, 0, 1])
    with pytest.raises(TraceError, match=r"asia-northeast1-a_a100_40gb_8\.json.*ones_are"):
        read_trace(tmp_path, "skypilot")


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(TraceError, match="holds no JSON file"):
        read_trace(tmp_path, "skypilot")
