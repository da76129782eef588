"""Several processes under `torchrun` train as one."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.l2a.training.conftest import TINY, command, stage

pytestmark = pytest.mark.slow

STEPS = "stages.pretraining.steps=4"
# Muon orthogonalises in bfloat16, which makes a visible difference of the rounding of a sum; small steps keep it below the bar.
SMALL = "stages.pretraining.matrix_lr=2e-4"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair") / "run"
    done = command(*TINY, STEPS, SMALL, "processes=2", f"output_dir={folder}", processes=2)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_two_processes_equal_one_that_adds_the_batches_of_both(pair, tmp_path):
    done = command(*TINY, STEPS, SMALL, *stage("Together"), f"output_dir={tmp_path / 'run'}")
    assert done.returncode == 0, done.stderr
    two, one = (load_file(folder / "model/model.safetensors") for folder in (pair[0], tmp_path / "run"))
    assert set(two) == set(one)
    for name in one:
        np.testing.assert_allclose(two[name], one[name], atol=1e-6, rtol=0, err_msg=name)
    logs = [
        [json.loads(line) for line in (folder / "pretraining/log.jsonl").read_text().splitlines()] for folder in (pair[0], tmp_path / "run")
    ]
    for ours, theirs in zip(*logs, strict=True):
        assert ours["tokens"] == theirs["tokens"]
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-5)


def test_only_the_first_process_writes_and_speaks(pair):
    folder, done = pair
    assert done.stdout.count("model:") == 1
    lines = (folder / "pretraining/log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["sessions"][0]["machine"]["processes"] == 2
    assert manifest["sessions"][0]["command"].startswith("torchrun --standalone --nproc_per_node 2 -m cloudsim train +recipe=smoke")


def test_a_parameter_that_one_process_leaves_out_stays_equal_in_both(tmp_path):
    done = command(*TINY, STEPS, *stage("Lopsided", folder=tmp_path), "processes=2", f"output_dir={tmp_path / 'run'}", processes=2)
    assert done.returncode == 0, done.stderr
    sums = [(tmp_path / f"rank{rank}.json").read_text() for rank in (0, 1)]
    assert sums[0] == sums[1]


def test_not_a_number_in_one_process_ends_both(tmp_path):
    words = (*TINY, *stage("NotANumber", at=5, rank=1), "processes=2", f"output_dir={tmp_path / 'run'}")
    done = command(*words, processes=2)
    assert done.returncode != 0
    assert done.stderr.count("not a number at step 6") == 1
    assert [path.name for path in (tmp_path / "run/pretraining").glob("step-*")] == ["step-0000004"]


def test_a_number_of_processes_that_the_recipe_does_not_have_is_refused(tmp_path):
    done = command(*TINY, "processes=2", f"output_dir={tmp_path / 'run'}")
    assert done.returncode == 2
    assert "processes: the training is for 2, but there are 1" in done.stderr
    assert "--nproc_per_node 2" in done.stderr
    assert not (tmp_path / "run").exists()
