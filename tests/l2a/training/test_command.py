"""The command `train`, in this process."""

import json
import shlex

import pytest
import torch
import yaml
from safetensors.torch import load_file

from cloudsim.cli import main
from cloudsim.l2a.training.checkpoint import Checkpoints
from tests.l2a.training.conftest import TINY, stage

SHORT = (*TINY, "stages.pretraining.steps=2", "loop.checkpoint_every=1")


@pytest.fixture
def run(tmp_path):
    assert main(["train", *SHORT, f"output_dir={tmp_path / 'run'}"]) == 0
    return tmp_path / "run"


def test_the_run_folder_tells_how_the_model_was_made(tmp_path, capsys):
    run = tmp_path / "run"
    words = [*SHORT, f"output_dir={run}", "model_bf16=true", "--json"]
    assert main(["train", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run"] == str(run)
    assert told["model"] == str(run / "model")
    assert {path.name for path in run.iterdir()} == {
        ".lock", "config.yaml", "manifest.json", "curves.html", "pretraining", "model",
    }  # fmt: skip
    manifest = json.loads((run / "manifest.json").read_text())
    assert (manifest["status"], manifest["seed"], manifest["data_seed"]) == ("finished", 0, 0)
    assert manifest["sessions"][0]["command"] == f"python -m cloudsim train {shlex.join(words)}"
    assert manifest["tokens"] == told["tokens"] == json.loads((run / "pretraining/log.jsonl").read_text().splitlines()[-1])["tokens"]
    weights = load_file(run / "model/model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    assert manifest["model"]["model.safetensors"]["bytes"] == (run / "model/model.safetensors").stat().st_size
    card = (run / "model/README.md").read_text()
    assert manifest["sessions"][0]["command"] in card
    assert yaml.safe_load((run / "config.yaml").read_text())["model_bf16"] is True


def test_the_finished_model_is_what_the_last_checkpoint_holds(run):
    from transformers import AutoTokenizer

    from cloudsim.l2a.training.finished_model import load_dense

    model = load_dense(str(run / "model"))
    saved = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    Checkpoints(run / "pretraining").restore(model)
    assert all(torch.equal(saved[name], parameter) for name, parameter in model.named_parameters())
    assert AutoTokenizer.from_pretrained(run / "model").encode("<think> 12", add_special_tokens=False)[0] == 3


def test_a_stage_starts_from_what_the_one_before_it_left(tmp_path, capsys):
    words = [*SHORT, "+stages.second={_target_: cloudsim.l2a.training.pretraining.Pretraining, steps: 1, matrix_lr: 0, other_lr: 0}"]
    assert main(["train", *words, f"output_dir={tmp_path / 'run'}"]) == 0
    states = [torch.load(Checkpoints(tmp_path / "run" / name).path(steps)) for name, steps in (("pretraining", 2), ("second", 1))]
    first, second = (state["parameters"] for state in states)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert "second: 1 steps" in capsys.readouterr().err


def test_another_configuration_in_the_same_folder_is_refused_with_the_differences(run, capsys):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert main(["train", *SHORT, "loop.clip=0.5", "+stages.pretraining.mixture.rows=1", "seed=4", f"output_dir={run}"]) == 2
    told = capsys.readouterr().err
    for line in ("seed: 0 there, 4 now", "loop.clip: 1.0 there, 0.5 now", "stages.pretraining.mixture: None there, {'rows': 1} now"):
        assert line in told
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_folder_with_other_files_is_refused(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["train", *SHORT, f"output_dir={tmp_path}"]) == 2
    assert "notes.txt" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_not_a_number_is_a_failed_run_that_says_where(tmp_path, capsys):
    words = [*SHORT, *stage("NotANumber", at=1), f"output_dir={tmp_path / 'run'}", "--json"]
    assert main(["train", *words]) == 1
    told = capsys.readouterr()
    assert "pretraining: not a number at step 2" in told.err
    assert json.loads(told.out)["status"] == "failed"
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert manifest["status"] == "failed"
    assert "step 2" in manifest["problems"][0]
    assert not (tmp_path / "run/model").exists()


def test_a_training_that_left_no_checkpoint_may_be_changed(tmp_path):
    words = [*SHORT, f"output_dir={tmp_path / 'run'}"]
    assert main(["train", *words, *stage("NotANumber", at=0)]) == 1
    assert main(["train", *words]) == 0


def test_two_trainings_never_share_a_folder(run, capsys):
    import fcntl

    with (run / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(["train", *SHORT, f"output_dir={run}"]) == 2
    assert "another training is writing" in capsys.readouterr().err


def test_a_truncated_checkpoint_is_told_and_kept(run, capsys):
    file = Checkpoints(run / "pretraining").path(2)
    file.write_bytes(file.read_bytes()[:500])
    model = (run / "model/model.safetensors").read_bytes()
    assert main(["train", *SHORT, f"output_dir={run}"]) == 1
    assert f"{file}: cannot be read" in capsys.readouterr().err
    assert file.stat().st_size == 500
    assert (run / "model/model.safetensors").read_bytes() == model


def test_help_names_recipes_and_shows_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    told = capsys.readouterr().out
    for word in ("smoke", "tiny_reasoner", "smaller_dense", "+recipe=", "--json", "--config-dir", "training.yaml"):
        assert word in told
    assert len(told.splitlines()) < 35
