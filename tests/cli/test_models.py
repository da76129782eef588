import json

import pytest

from cloudsim.cli import main


def told(capsys, *words):
    assert main(["models", *words]) == 0
    return capsys.readouterr().out


def test_list_names_models_and_gpus(capsys):
    shown = told(capsys, "list")
    assert all(name in shown for name in ("llama-3-8b", "qwen3-32b", "h100", "mi300x", "estimated"))
    document = json.loads(told(capsys, "list", "--json"))
    assert len(document["models"]) == 10
    assert "l40s" in document["gpus"]


@pytest.mark.parametrize(("gpu", "capacity"), [("h100", 432_992), ("l40s", 174_857)])
def test_fit_tells_capacity_step_times_and_what_users_see(gpu, capacity, capsys):
    found = json.loads(told(capsys, "fit", "llama-3-8b", "--gpu", gpu, "--json"))
    assert found["kv_capacity_tokens"] == pytest.approx(capacity, rel=0.01)
    assert found["weights_bytes"] == pytest.approx(16.06e9, rel=0.01)
    assert found["provenance"] == "measured"
    assert 0 < found["mape_pct"]["decode"] < 5
    steps, loads = found["decode_ms"], found["load"]
    assert steps["1"]["512"] < steps["8"]["512"] < steps["8"]["8192"]
    assert found["prefill_ms"]["128"] < found["prefill_ms"]["8192"]
    assert loads["1"]["tpot_ms"] < loads["32"]["tpot_ms"]
    assert loads["1"]["output_tokens_per_s"] < loads["32"]["output_tokens_per_s"]
    shown = told(capsys, "fit", "llama-3-8b", "--gpu", gpu)
    assert all(part in shown for part in ("memory", "decode step", "prefill", "in flight", "measured"))


def test_show_tells_where_a_model_fits(capsys):
    found = json.loads(told(capsys, "show", "llama-3-70b", "--json"))
    fits = {row["gpu"]: row["tensor_parallel"] for row in found["fits"]}
    assert fits["b200"] == 1
    assert fits["h100"] == 2
    assert "t4" not in fits
    assert "does not fit" in told(capsys, "show", "llama-3-70b")
    assert "has no fp8" in told(capsys, "show", "llama-3-70b", "--precision", "fp8")


def test_any_folder_with_a_configuration_is_projected(tmp_path, capsys):
    shape = {
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096, "intermediate_size": 14336,
        "vocab_size": 128256,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(shape))
    own = json.loads(told(capsys, "fit", str(tmp_path), "--gpu", "h100", "--json"))
    known = json.loads(told(capsys, "fit", "llama-3-8b", "--gpu", "h100", "--json"))
    assert (own["provenance"], known["provenance"]) == ("projected", "measured")
    assert own["kv_capacity_tokens"] == pytest.approx(known["kv_capacity_tokens"], rel=0.01)
    assert own["decode_ms"]["8"]["2048"] == pytest.approx(known["decode_ms"]["8"]["2048"], rel=0.08)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "llama-3-9b"], "did you mean llama-3-8b"),
        (["fit", "llama-3-8b", "--gpu", "h10"], "h100"),
        (["fit", "llama-3-70b", "--gpu", "l4"], "does not fit"),
        (["fit", "llama-3-8b", "--gpu", "v100", "--precision", "fp8"], "does not compute in fp8"),
        (["fit", "llama-3-8b", "--gpu", "h100", "--tp", "3"], "KV heads"),
        (["fit", "llama-3-8b", "--gpu", "h100", "--tp", "0", "--load", "-1"], "--tp: found 0"),
        (["show", "./nowhere"], "config.json: cannot be read"),
    ],
)
def test_what_cannot_be_is_said(words, said, capsys):
    assert main(["models", *words]) == 2
    assert said in capsys.readouterr().err


def test_every_fault_of_a_configuration_is_named(tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": 64, "num_hidden_layers": "four", "num_experts": 8}))
    assert main(["models", "show", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    assert all(key in shown for key in ("num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size", "experts"))
