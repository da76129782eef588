import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from cloudsim import __version__
from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError, ResultError, SimulationError
from cloudsim.experiment import Outcome, Task
from cloudsim.parquet import TABLES
from cloudsim.recording import RunRecorder, remove_remains
from cloudsim.results import DATA, SCHEMA_VERSION, digest, load
from tests.results.experiments import made_up


def test_what_is_written_is_read(config, record, tmp_path):
    run = load(record(tmp_path / "runs/one"))
    assert run.config == config.model_dump(by_alias=True)
    assert RunConfig.model_validate(run.config) == config
    manifest = run.manifest
    assert manifest["schema_version"] == SCHEMA_VERSION
    assert manifest["cloudsim_version"] == __version__
    assert manifest["contenders"] == ["l2a", "static_dense"]
    assert (manifest["seed"], manifest["seeds"]) == (0, 2)
    assert manifest["inputs"] == [
        {"name": "all runs", "provenance": "measured", "origin": "here", "sha256": None},
        {"name": "traffic 0", "provenance": "published", "origin": "there", "sha256": "ab"},
        {"name": "traffic 1", "provenance": "published", "origin": "there", "sha256": "ab"},
    ]
    assert manifest["weakest_provenance"] == "published"
    assert manifest["packages"]["numpy"] == np.__version__
    assert (manifest["events"], manifest["loop_cpu_s"]) == (40, 2.0)
    assert set(manifest["files"]) == set(DATA)
    assert manifest["files"]["requests.parquet"]["rows"] == len(run.requests) == 2 * (100 + 101)
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == digest(run.path / name)
    assert list(run.summary["contenders"]) == ["l2a", "static_dense"]
    assert run.summary["contenders"]["l2a"]["arrived"]["seeds"] == [100, 101]


@pytest.mark.parametrize(("table", "columns"), TABLES.items())
def test_tables_have_the_documented_columns(config, record, tmp_path, table, columns):
    run = load(record(tmp_path / "run"))
    frame = getattr(run, table)
    assert list(frame) == [column.name for column in columns]
    for column in columns:
        assert str(frame[column.name].dtype) == column.type, column.name
    schema = pq.read_schema(run.path / f"{table}.parquet")
    assert [schema.field(column.name).metadata[b"meaning"].decode() for column in columns] == [column.meaning for column in columns]
    tasks = frame[["contender", "replication"]].drop_duplicates()
    assert [tuple(row) for row in tasks.itertuples(index=False)] == [("l2a", 0), ("l2a", 1), ("static_dense", 0), ("static_dense", 1)]
    part = made_up(config, "static_dense", 1)
    written = frame.query("contender == 'static_dense' and replication == 1")
    for name, values in getattr(part, table).items():
        if hasattr(values, "words"):
            expected = pd.Series([values.words[code] for code in values.codes])
            assert list(written[name]) == list(expected)
        else:
            np.testing.assert_array_equal(written[name].to_numpy(), values)


def test_the_bytes_are_the_same_every_time_and_with_any_number_of_workers(config, record, tmp_path):
    first = record(tmp_path / "a")
    second = record(tmp_path / "b", config.model_copy(update={"workers": 2}))
    for name in set(DATA) - {"config.yaml"}:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_an_earlier_run_and_an_empty_folder_are_replaced(record, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    record(folder)
    (folder / "report.html").write_text("old")
    record(folder)
    assert not (folder / "report.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("files", [["notes.txt"], ["summary.json"], ["manifest.json", "notes.txt"]])
def test_a_folder_with_other_files_is_refused(config, tmp_path, files):
    for name in files:
        (tmp_path / name).write_text("{}")
    with pytest.raises(ConfigError, match="choose another output_dir or empty it"):
        RunRecorder(tmp_path, config)
    assert sorted(path.name for path in tmp_path.iterdir()) == files


def test_an_error_leaves_the_earlier_run(config, record, tmp_path):
    folder = record(tmp_path / "run")
    before = digest(folder / "manifest.json")
    with pytest.raises(ZeroDivisionError), RunRecorder(folder, config):
        raise ZeroDivisionError
    assert digest(folder / "manifest.json") == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_remains_of_dead_processes_are_cleared_away_and_others_kept(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    alive = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        kept = [f"run.partial-{alive.pid}", "run.partial-notes", f"other.partial-{dead.pid}"]
        for name in [*kept, f"run.partial-{dead.pid}", f"run.old-{dead.pid}"]:
            (tmp_path / name).mkdir()
        remove_remains(tmp_path / "run")
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    finally:
        alive.communicate(b"\n")


@pytest.mark.parametrize("moment", range(1, 5))
@pytest.mark.parametrize("earlier", [False, True])
def test_a_run_killed_while_it_takes_its_name_never_looks_whole_unless_it_is(small, record, tmp_path, moment, earlier):
    # The commit consists of renamings and one removal; the process ends at once instead of one of them.
    folder = tmp_path / "run"
    if earlier:
        record(folder)
        (folder / "report.html").write_text("old")
    code = f"""
import os, shutil
from pathlib import Path
from cloudsim.composition.plan import compose
from cloudsim.experiment import outcomes
from cloudsim.recording import RunRecorder
from tests.results.experiments import made_up
calls = 0
def deadly(function):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == {moment}:
            os._exit(9)
        return function(*arguments, **options)
    return call
config = compose({list(small)!r}, None, lambda config: []).config
with RunRecorder(Path({str(folder)!r}), config) as recorder:
    for outcome in outcomes(config, made_up):
        recorder.add(outcome)
    recorder.complete({{"reference": "l2a", "contenders": {{}}}})
    Path.rename, Path.replace, shutil.rmtree = deadly(Path.rename), deadly(Path.replace), deadly(shutil.rmtree)
    recorder.commit()
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 9), done.stderr
    try:
        run = load(folder)
    except ResultError:
        whole = False
    else:
        whole = True
        run.requests, run.nodes, run.timeline, run.changes  # noqa: B018 - reading them checks their digests
    if done.returncode == 0:
        assert whole
    assert not [path for path in tmp_path.glob("*/manifest.json") if path.parent != folder and "old" not in path.parent.name]
    record(folder)
    assert load(folder).manifest["seeds"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def _spoil_manifest(folder, **changes):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "no manifest.json; it is no run folder, or its run did not end"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json: not JSON"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "manifest.json: found list, not a JSON object"),
        (lambda folder: _spoil_manifest(folder, schema_version=7), "run folder of version 7, written by cloudsim 0.* accepted: version 3"),
        (lambda folder: (folder / "nodes.parquet").unlink(), "nodes.parquet missing; the folder is incomplete"),
        (lambda folder: (folder / "summary.json").unlink(), "summary.json missing"),
    ],
)
def test_a_folder_that_cannot_be_read_says_why(record, tmp_path, spoil, message):
    folder = record(tmp_path / "run")
    spoil(folder)
    with pytest.raises(ResultError, match=message):
        load(folder)


def test_a_table_that_was_changed_is_not_read(record, tmp_path):
    folder = record(tmp_path / "run")
    content = bytearray((folder / "nodes.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "nodes.parquet").write_bytes(content)
    with pytest.raises(ResultError, match=r"nodes.parquet: its bytes are not those the manifest vouches for"):
        _ = load(folder).nodes


def test_a_folder_of_runs_names_them(record, tmp_path):
    record(tmp_path / "0")
    record(tmp_path / "1")
    with pytest.raises(ResultError, match="give one of the runs in it: 0, 1"):
        load(tmp_path)
    with pytest.raises(ResultError, match="no such folder"):
        load(tmp_path / "2")


def test_tables_with_other_columns_are_refused(config, tmp_path):
    tables = made_up(config, "l2a", 0)
    del tables.nodes["zone"]
    with RunRecorder(tmp_path / "run", config) as recorder, pytest.raises(SimulationError, match="the nodes table has columns"):
        recorder.add(Outcome(Task(0, "l2a", 0), tables, 1.0))


def test_the_configuration_is_plain_yaml(record, tmp_path):
    text = (record(tmp_path / "run") / "config.yaml").read_text()
    assert yaml.safe_load(text)["traffic"]["_target_"].startswith("traces.")
    assert "${" not in text
