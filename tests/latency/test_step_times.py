import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from cloudsim.cli import main
from cloudsim.errors import ConfigError
from cloudsim.latency.host import Host
from cloudsim.latency.lookup import find_latency
from cloudsim.latency.measurements import read_decode, read_prompts
from cloudsim.latency.prompt_fit import fit_prompts
from cloudsim.models.gpu import find_gpu
from cloudsim.models.spec import find_model
from tests.latency.conformance import check
from tests.latency.points import decode_ms, prompt_ms, write_points, write_step_times
from traces.provenance import Provenance

HOST = Host(0.0, 0.0)


def steps_ms(latency, model, sequences, tokens):
    layers = sequences * model.layers
    units = layers * model.kv_heads
    return 1e3 * latency.decode_run(sequences, model.layers, layers, units * tokens, units)[0]


def test_a_run_takes_the_step_times_of_its_folder(tmp_path):
    model, served = find_model("qwen3-4b"), (find_gpu("l40s"), "bf16", 1, HOST)
    own = find_latency(model, *served, folder=Path(write_step_times(tmp_path)))
    assert own.source.provenance is Provenance.MEASURED
    assert "a test, 2026-11-22" in own.source.origin
    for sequences, tokens in ((1, 128), (16, 1024), (64, 8192), (40, 700), (256, 20_000)):
        assert steps_ms(own, model, sequences, tokens) == pytest.approx(decode_ms(sequences, tokens), rel=1e-6)
    for tokens in (16, 300, 5000):
        taken = 1e3 * own.mixed_run(1, model.layers, 0, 0, 0, tokens * model.layers, tokens**2 * model.layers * model.kv_heads, 0)[0]
        assert taken == pytest.approx(prompt_ms(tokens), rel=0.02)
    other = find_model("qwen3-8b")
    assert find_latency(other, *served, folder=tmp_path).source == find_latency(other, *served).source


def test_they_keep_the_contract(tmp_path):
    model = find_model("qwen3-4b")
    check(find_latency(model, find_gpu("l40s"), "bf16", 1, Host(1e-4, 4e-6), folder=Path(write_step_times(tmp_path))), 36, 8)


def test_the_form_of_prompts_is_found_again(tmp_path):
    points = read_prompts(write_points(tmp_path)[1])
    tokens = np.array(points.tokens, float)
    fit = fit_prompts(tokens, tokens**2, np.array(points.step_ms))
    assert fit.error_pct < 0.5
    assert (fit.floor_ms, fit.token_ms) == pytest.approx((9.0, 0.02), rel=0.05)


def test_small_falls_are_levelled_and_large_ones_refused(tmp_path):
    rows = [(1, 100, 6.0), (1, 200, 6.2), (2, 100, 5.9), (2, 200, 6.4)]
    assert read_decode(write_points(tmp_path, decode=rows)[0]).step_ms == ((5.95, 6.2), (5.95, 6.4))
    rows[2] = (2, 100, 4.0)
    with pytest.raises(ConfigError, match="batch 2, kv 100: 4 ms is less than fewer sequences"):
        read_decode(write_points(tmp_path, decode=rows)[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("batch,kv\n1,2\n", ["column 'ms' is missing"]),
        ("batch,kv,ms\n1,128,x\n1,256,-3\n1,128,5\n1,128,6\n", ["line 2", "are not numbers", "line 3", "above 0", "line 5", "twice"]),
        ("batch,kv,ms\n1,128,5\n1,256,6\n2,128,7\n", ["holes: batch 2, kv 256"]),
        ("batch,kv,ms\n2,128,5\n2,256,6\n", ["a batch of 1"]),
        ("batch,kv,ms\n", ["holds no measurement"]),
    ],
)
def test_every_fault_of_a_file_is_named(text, said, tmp_path):
    path = tmp_path / "d.csv"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_decode(path)
    assert all(part in "\n".join(error.value.problems) for part in said)


def test_the_command_writes_a_file_and_a_page(tmp_path, capsys):
    decode, prompts = write_points(tmp_path)
    words = ["profile", "latency", "model=qwen3-4b", "gpu=l40s", f"output={tmp_path / 'steps'}", f"decode={decode}", f"prompts={prompts}"]
    assert main([*words, "source=a stopwatch", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    path = Path(told["file"])
    assert path.name == "qwen3-4b_l40s_bf16_tp1.yaml"
    assert yaml.safe_load(path.read_text())["source"] == told["source"] == "a stopwatch"
    assert "figure-decode" in path.with_suffix(".html").read_text()
    assert main([*words, "source=a stopwatch"]) == 0
    assert f"model.step_times={path.parent}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gpu=h100"], ["model: missing", "output: missing"]),
        (["model=qwen3-5b", "gpu=h1000", "output=x", "tp=no", "precision=int4"], ["did you mean", "h1000", "tp: found", "precision:"]),
        (["model=qwen3-4b", "gpu=h100", "output=x", "decode=d.csv"], ["prompts: missing", "source: missing"]),
        (["model=qwen3-4b", "gpu=v100", "output=x"], ["no operator tables of v100"]),
        (["model=qwen3-4b", "gpu=h100", "output=x", "decode=none.csv", "prompts=p.csv", "source=s"], ["none.csv: cannot be read"]),
    ],
)  # fmt: skip
def test_bad_words_end_in_one_message(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["profile", "latency", *words]) == 2
    told = capsys.readouterr().err
    assert all(part in told for part in said), told
    assert not list(tmp_path.iterdir())


def test_a_broken_file_is_named_with_its_keys(tmp_path):
    path = Path(write_step_times(tmp_path)) / "qwen3-4b_l40s_bf16_tp1.yaml"
    found = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(found | {"head_ms": -1, "precision": "int4"}))
    with pytest.raises(ConfigError) as error:
        find_latency(find_model("qwen3-4b"), find_gpu("l40s"), "bf16", 1, HOST, folder=tmp_path)
    assert [problem.split(": ")[1] for problem in error.value.problems] == ["precision", "head_ms"]
