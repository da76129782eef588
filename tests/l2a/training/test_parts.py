"""What the recipes of the evaluation leave behind is what an evaluation finds."""

import json
import shutil

import pytest

from cloudsim.cli import main
from tests.l2a.optional import needs

torch = needs("torch", "model")
needs("peft", "model")

QUICK = ("processes=1", "mixture.problems=4", "mixture.rows=4", "loop.bf16=false", "loop.compiled=false", "model_bf16=true")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder laid out as the embedded models are, with a dense model of four layers."""
    from cloudsim.l2a.base import build_base

    folder = tmp_path_factory.mktemp("weights")
    build_base(layers=4, hidden=32, heads=4, groups=2, seed=3).save_pretrained(folder / "dense")
    return folder


def train(weights, tmp_path, recipe: str, stage: str, *words: str):
    out = tmp_path / recipe
    given = (f"+recipe={recipe}", f"base.path={weights / 'dense'}", f"stages.{stage}.steps=2", *QUICK, *words, f"output_dir={out}")
    assert main(["train", *given]) == 0
    return out / "model"


@pytest.mark.parametrize(("method", "budget"), [("static", 0.6), ("oracle_static", 0.8)])
def test_a_healed_mask_is_one_that_an_evaluation_measures(weights, tmp_path, method, budget):
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.methods.every_kth import even_mask
    from cloudsim.l2a.mask import Mask
    from cloudsim.l2a.weights_folder import WeightsFolder, adapter_name

    options = (f"stages.healing.method={method}", f"stages.healing.budget={budget}", "stages.healing.calibration=4")
    model = train(weights, tmp_path, "healed", "healing", *options)
    name = adapter_name(method, budget)
    assert {path.name for path in model.iterdir()} == {f"{name}.safetensors", f"{name}.json", "README.md"}
    shutil.copytree(model, weights / "healed", dirs_exist_ok=True)
    bench = Bench(WeightsFolder(weights), calibration=4)
    from cloudsim.l2a.evaluation.catalog import method as find

    healed = find(f"{method}_healed")
    assert healed.missing(bench.weights, budget) is None
    mask = Mask.from_json(json.loads((model / f"{name}.json").read_text())["mask"], name)
    searched = even_mask(bench.cost, budget) if method == "static" else Mask.from_json(find(method).prepare(bench, [budget])[budget], name)
    assert mask == searched
    assert healed.contender(bench, budget, None).cost == bench.cost


def test_adapters_of_random_masks_have_no_mask(weights, tmp_path):
    from cloudsim.l2a.adapters import load_adapter
    from cloudsim.l2a.training.finished_model import load_dense

    model = train(weights, tmp_path, "random_drop", "healing")
    healed, mask = load_adapter(load_dense(str(weights / "dense")), model / "random_drop.safetensors")
    assert mask is None
    assert any("lora_B" in name and bool(value.abs().sum() > 0) for name, value in healed.named_parameters())


@pytest.mark.parametrize("mode", ["nested", "faithful"])
def test_an_elastic_model_is_held_to_its_budgets_and_refers_to_its_base(weights, tmp_path, mode):
    from cloudsim.l2a.network import L2AForCausalLM

    model = train(weights, tmp_path, mode, "retrofit")
    elastic = L2AForCausalLM.from_pretrained(model)
    assert elastic.config.mode == mode
    assert len(elastic.config.depth_map) > 10
    assert len(elastic.config.width_map) > 10
    assert not any("embed_tokens" in name for name in safetensor_names(model / "model.safetensors"))
    card = (model / "README.md").read_text()
    assert f"python -m cloudsim train +recipe={mode}" in card
    assert "## Realised sparsity" in card


def safetensor_names(path) -> list[str]:
    from safetensors import safe_open

    with safe_open(path, "pt") as opened:
        return list(opened.keys())


def test_a_budget_outside_its_range_is_told_with_the_key(tmp_path, capsys):
    words = ["+recipe=healed", "stages.healing.budget=1.5", "stages.healing.method=magic", f"output_dir={tmp_path / 'run'}"]
    assert main(["train", *words]) == 2
    told = capsys.readouterr().err
    assert "stages.healing.budget" in told
    assert "stages.healing.method" in told
