import json
import shutil
from multiprocessing.process import BaseProcess
from unittest.mock import patch

import pandas as pd
import pytest

from cloudsim.composition.options import compose
from cloudsim.errors import ConfigError, ModelError
from cloudsim.l2a.evaluation.config import EvaluationConfig
from cloudsim.l2a.weights_folder import WeightsFolder
from cloudsim.report.wording import percent


class Told:
    def __init__(self):
        self.tasks = []

    def begin(self, what, tasks):
        self.tasks.append(what)

    def finished(self, task, problems):
        self.tasks.append(task)


def run(config):
    from pathlib import Path

    from cloudsim.l2a.evaluation.cell import Cabinet
    from cloudsim.l2a.evaluation.course import Course

    told = Told()
    course = Course(Cabinet(Path(config.output_dir), config, WeightsFolder(Path(config.checkpoint))), told)
    return course.run(), course, told


METHODS = "methods=[l2a_nested,static,static_healed,shortgpt,smaller_dense]"


def test_what_is_finished_is_not_measured_again_and_is_the_same_in_two_processes(config, tmp_path):
    first, _, told = run(config(METHODS))
    assert any("static b=0.6 id" in task for task in told.tasks)
    again, _, told = run(config(METHODS))
    assert told.tasks == []
    for cell, table in first.items():
        pd.testing.assert_frame_equal(table, again[cell])
    cells = tmp_path / "out" / "cells"
    lost = next(cells.glob("static-id-60-*"))
    before = lost.read_bytes()
    lost.unlink()
    _, _, told = run(config(METHODS))
    assert told.tasks == ["answers", "static b=0.6 id"]
    assert lost.read_bytes() == before
    shutil.move(tmp_path / "out", tmp_path / "one")
    with patch.object(BaseProcess, "terminate", side_effect=AssertionError("killed workers leave their locks behind")):
        run(config(METHODS, "processes=2"))
    for path in (tmp_path / "one" / "cells").iterdir():
        assert (cells / path.name).read_bytes() == path.read_bytes()


def test_other_options_are_other_cells(config):
    run(config("methods=[static]"))
    _, _, told = run(config("methods=[static]", "problems=5"))
    assert "static b=0.6 id" in told.tasks


def test_absent_weights_are_named_with_the_command_that_makes_them(config, models, tmp_path):
    shutil.copytree(models / "dense", tmp_path / "models" / "dense")
    tables, course, _ = run(config(METHODS, f"checkpoint={tmp_path / 'models'}"))
    assert {cell.method for cell in tables} == {"dense", "static", "shortgpt"}
    assert len(course.left_out) == 3
    assert all("cloudsim train +recipe=" in line for line in course.left_out)


def test_a_single_elastic_model_brings_its_base(models):
    found = WeightsFolder(models / "faithful")
    assert found.parts == {"dense": (models / "dense").resolve(), "faithful": models / "faithful"}


def test_a_folder_without_models_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        WeightsFolder(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="no folder dense/"):
        WeightsFolder(tmp_path)


def test_wrong_options_are_told_together():
    with pytest.raises(ConfigError) as error:
        compose(["problems=0", "methods=[statik]", "splits=[id,odd]", "budgets=[1.5]", "timing.steps=x"], "evaluation", EvaluationConfig)
    text = "\n".join(error.value.problems)
    for word in ("problems: found 0", "'statik'", "'odd'", "1.5", "timing.steps"):
        assert word in text


def test_the_folder_has_the_document_the_tables_and_a_page(config, tmp_path):
    from cloudsim.commands.evaluate import evaluate

    timing = "timing={batches:[1,2],budgets:[0.6],steps:2,repetitions:2}"
    made = config("methods=[l2a_nested,l2a_faithful,adaskip,static]", "splits=[id,depth]", "problems=12", timing)
    result = evaluate(made)
    result.write(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert set(document["dense"]) == {"id", "depth"}
    row = document["frontier"][0]
    for key in ("method", "split", "budget", "accuracy", "ci95", "layer_sparsity", "head_sparsity", "think_tokens", "compute_share"):
        assert key in row
    assert set(document["decode_speedup"]) == {"1", "2"}
    assert set(document["decode_speedup"]["2"]) == {"l2a_nested", "l2a_faithful"}
    assert 0 < document["gate_overhead"] == document["gate_overhead_by_method"]["l2a_nested"] < 1
    assert 0 < document["gate_overhead_by_method"]["l2a_faithful"] < 1
    records = pd.read_parquet(tmp_path / "out" / "records.parquet")
    static = records[(records["method"] == "static") & (records["split"] == "id")]
    row = next(row for row in document["frontier"] if row["method"] == "static" and row["split"] == "id")
    assert row["accuracy"] == static["correct"].mean()
    assert row["layer_sparsity"] == pytest.approx(1 - static["layers"].mean() / 4)
    assert len(pd.read_csv(tmp_path / "out" / "frontier.csv")) == len(document["frontier"]) + 2
    tables = (tmp_path / "out" / "evaluation.md").read_text()
    assert tables.count("\n## ") == 2  # the first stands at the start
    assert f"| static | 0.6 | {percent(row['accuracy'])} |" in tables
    page = (tmp_path / "out" / "evaluation.html").read_text()
    assert "http://" not in page.split("<script>")[0]
    assert all(f"figure-{name}" in page for name in ("frontier-id", "budget-depth", "layers-id", "time-speedup"))
