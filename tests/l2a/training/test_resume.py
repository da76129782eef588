"""A training that is killed or interrupted goes on as if nothing had happened."""

import json
import signal

import pytest
from safetensors.numpy import load_file

from tests.l2a.training.conftest import TINY, command, stage

pytestmark = pytest.mark.slow


def equal(one, other):
    return set(one) == set(other) and all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_stopped_training_goes_on_to_the_same_bits(whole, tmp_path, number):
    words = (*TINY, *stage("Killed", at=6, sign="''"), f"output_dir={tmp_path / 'run'}")
    if number != signal.SIGKILL:
        words = (*words, f"+stages.pretraining.number={int(number)}")
    first = command(*words, "--json", SIGN=str(tmp_path / "sign"))
    steps = sorted(path.name for path in (tmp_path / "run/pretraining").glob("step-*"))
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert not (tmp_path / "run/model").exists()
    if number == signal.SIGKILL:
        assert first.returncode == -number
        assert steps == ["step-0000004"]
        assert manifest["status"] == "running"
    else:
        assert first.returncode == 128 + number, first.stderr
        assert steps == ["step-0000004", "step-0000007"], "the step under way is ended and saved"
        assert "after step 7 of pretraining" in first.stderr
        assert "python -m cloudsim train +recipe=smoke" in first.stderr
        assert json.loads(first.stdout)["status"] == manifest["status"] == "interrupted"
    second = command(*words, "--json", SIGN=str(tmp_path / "sign"))
    assert second.returncode == 0, second.stderr
    told = json.loads(second.stdout)
    assert told["status"] == "finished"
    assert told["stages"]["pretraining"]["steps"] == 12
    assert equal(load_file(tmp_path / "run/model/model.safetensors"), load_file(whole / "model/model.safetensors"))
    assert (tmp_path / "run/pretraining/log.jsonl").read_bytes() == (whole / "pretraining/log.jsonl").read_bytes()
    finished = json.loads((tmp_path / "run/manifest.json").read_text())
    assert len(finished["sessions"]) == 2
    assert finished["tokens"] == json.loads((whole / "manifest.json").read_text())["tokens"] > 0


def test_a_finished_training_is_left_as_it_is(whole):
    def state():
        return {path: path.stat().st_mtime_ns for path in whole.rglob("*") if path.suffix in (".pt", ".safetensors", ".jsonl", ".yaml")}

    before = state()
    done = command(*TINY, *stage("Killed", at=6, sign="''"), f"output_dir={whole}", SIGN=str(whole / "config.yaml"))
    assert done.returncode == 0, done.stderr
    assert state() == before
    assert len(json.loads((whole / "manifest.json").read_text())["sessions"]) == 1
