"""A recipe is checked whole before anything is made."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from cloudsim.cli import main
from cloudsim.errors import ConfigError
from cloudsim.l2a.network import L2AForCausalLM
from cloudsim.l2a.training.recipe import check_tree, compose

RECIPES = sorted(path.stem for path in Path(str(files("experiments") / "recipe")).glob("*.yaml"))


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_composes(recipe):
    config = compose([f"+recipe={recipe}"]).config
    assert config.name == recipe
    assert config.output_dir == f"runs/{recipe}"


@pytest.mark.slow
def test_the_smoke_recipe_passes_through_every_stage(tmp_path):
    stages = ("pretraining", "layer_drop", "healing", "gates", "retrofit")
    words = ["+recipe=smoke", *(f"stages.{stage}.steps=2" for stage in stages)]
    assert main(["train", *words, "mixture.problems=4", "mixture.rows=4", f"output_dir={tmp_path / 'run'}"]) == 0
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert {name: stage["steps"] for name, stage in manifest["stages"].items()} == dict.fromkeys(stages, 2)
    model = L2AForCausalLM.from_pretrained(tmp_path / "run" / "model")
    assert model.config.mode == "nested"


def test_the_smaller_rival_differs_from_the_base_model_in_its_layers_alone():
    base, smaller = (compose([f"+recipe={recipe}"]).tree for recipe in ("tiny_reasoner", "smaller_dense"))
    assert [tree["base"].pop("layers") for tree in (base, smaller)] == [16, 9]
    steps = sum(stage["steps"] for stage in base["stages"].values())
    assert smaller["stages"]["pretraining"].pop("steps") == steps
    assert list(smaller["stages"]) == ["pretraining"]
    for tree in (base, smaller):
        del tree["name"], tree["output_dir"], tree["stages"]
    assert base == smaller


def test_a_stage_changes_single_keys_of_the_common_loop_and_mixture():
    config = compose(
        ["+recipe=smoke", "loop.clip=0.5", "+stages.pretraining.loop.log_every=3", "+stages.pretraining.mixture.rows=2"]
    ).config
    stage = config.stages["pretraining"]
    assert (stage.loop.log_every, stage.loop.clip) == (3, 0.5)
    assert (stage.mixture.rows, stage.mixture.problems) == (2, 16)
    assert config.loop.log_every == 5


def test_every_mistake_is_told_at_once_with_its_path():
    words = [
        "+recipe=smoke", "loop.clip=-1", "loop.clp=3", "base.layers=0.5", "mixture.families=[evnts]", "+stages.pretraining.mixture.rows=0",
        "stages.pretraining.ramp=2", "+stages.pretraining.rmap=3", "stages.pretraining.steps=0", "sed=3", "+base.width=3",
    ]  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        compose(words)
    starts = sorted(problem.split(" ")[0].rstrip(":") for problem in caught.value.problems)
    assert starts == sorted([
        "loop.clip", "loop.clp=3", "base.layers", "mixture.families", "stages.pretraining.mixture.rows", "stages.pretraining.ramp",
        "stages.pretraining.rmap", "stages.pretraining.steps", "sed=3", "base.width",
    ])  # fmt: skip
    text = str(caught.value)
    assert "did you mean events?" in text
    assert "did you mean ramp?" in text
    assert "stages.pretraining.ramp: found 2; accepted: a number from 0 up to 1" in text
    assert "stages.pretraining.mixture.rows: found 0; accepted: a whole number of at least 1" in text


def test_without_a_recipe_nothing_else_is_told():
    with pytest.raises(ConfigError) as caught:
        compose([])
    assert len(caught.value.problems) == 1


def test_a_wrong_key_of_the_common_loop_is_told_once():
    with pytest.raises(ConfigError) as caught:
        compose(["+recipe=smoke", "loop.clip=-1"])
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "choose a recipe, such as +recipe="),
        (["+recipe=smoke", "~base._target_"], "base._target_: missing"),
        (["+recipe=smok"], "did you mean smoke?"),
        (["+recipe=smoke", "stages.pretraining._target_=cloudsim.nothing.Stage"], "stages.pretraining._target_: cannot import"),
        (["+recipe=smoke", "~stages.pretraining.steps"], "stages.pretraining.steps: missing"),
        (["+recipe=smoke", "+stages.model={_target_: a.b, steps: 1}"], "'model'"),
    ],
)
def test_a_recipe_that_cannot_be_used_says_why(words, said):
    with pytest.raises(ConfigError, match=r".*") as caught:
        compose(words)
    assert said in str(caught.value)


def test_a_recipe_of_the_users_own(tmp_path):
    (tmp_path / "recipe").mkdir()
    own = {"defaults": ["smoke", "_self_"], "name": "own", "stages": {"pretraining": {"steps": 7}}}
    (tmp_path / "recipe/own.yaml").write_text("# @package _global_\n" + yaml.safe_dump(own))
    config = compose(["+recipe=own"], tmp_path).config
    assert (config.name, config.stages["pretraining"].steps) == ("own", 7)


def test_stages_keep_their_order():
    tree = compose(["+recipe=smoke"]).tree
    first = tree["stages"]["pretraining"]
    config, problems = check_tree(tree | {"stages": {"second": first, "pretraining": first, "again": first}})
    assert problems == []
    assert list(config.stages) == ["second", "pretraining", "again"]
