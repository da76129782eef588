"""Models of a user's own file."""

import pytest

from cloudsim.cli import main
from cloudsim.errors import ConfigError
from cloudsim.models.own import OwnModels
from tests.models.own import write_catalog


def test_a_model_has_the_shape_of_its_folder_and_the_scores_of_the_file(tmp_path):
    own = OwnModels(write_catalog(tmp_path))
    model = own.model("mine")
    assert (model.name, model.layers, model.kv_heads, model.kind, model.score("gsm8k")) == ("mine", 32, 8, "base", 0.815)
    assert model.score_source("gsm8k").provenance == "measured"
    assert model.params == 151936 * 2304 + 32 * (2304 * 128 * 64 + 3 * 2304 * 8192)
    elastic = own.profile("mine-l2a", model)
    assert [(level.layers, level.units, level.tokens, level.quality) for level in elastic.levels] == [
        (32, 256, 1.0, 1.0),
        (16, 96, 0.9, 0.9),
    ]
    assert own.model("another") is own.profile("another", model) is OwnModels(None).model("mine") is None


def level(**changes):
    return lambda found: found["elastic"]["mine-l2a"]["levels"][1].update(changes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda found: found["models"]["mine"].pop("source"), "models.mine.source"),
        (lambda found: found["models"]["mine"].update(kind="chat"), "models.mine.kind"),
        (lambda found: found["models"]["mine"].update(provenance="guessed"), "models.mine.provenance"),
        (lambda found: found["models"]["mine"].update(scores={"gsm8k": 0}), "models.mine.scores.gsm8k"),
        (lambda found: found["models"]["mine"].update(scores={}), "models.mine.scores"),
        (lambda found: found["models"]["mine"].update(size=7), "models.mine.size"),
        (lambda found: found["elastic"]["mine-l2a"].update(skipping="some"), "elastic.mine-l2a.skipping"),
        (lambda found: found["elastic"]["mine-l2a"]["levels"].pop(0), "the first level is the full model"),
        (level(budget=1.0), "budgets must fall"),
        (level(layer_sparsity=1.0), "elastic.mine-l2a.levels.1.layer_sparsity"),
        (level(quality=0), "elastic.mine-l2a.levels.1.quality"),
        (lambda found: found["models"].update({"qwen3-4b": found["models"]["mine"]}), "models.qwen3-4b: the catalogue has one"),
        (lambda found: found["elastic"].update({"qwen3-4b-l2a": found["elastic"]["mine-l2a"]}), "elastic.qwen3-4b-l2a: the catalogue has"),
    ],
)
def test_what_is_wrong_is_told_with_its_file_and_key(tmp_path, change, told):
    path = write_catalog(tmp_path, change)
    with pytest.raises(ConfigError, match=r"mine\.yaml: ") as raised:
        OwnModels(path)
    assert told in str(raised.value)


def test_leaner_levels_must_not_skip_less(tmp_path):
    leaner = {"budget": 0.4, "layer_sparsity": 0.4, "head_sparsity": 0.25, "tokens": 0.9, "quality": 0.8, "provenance": "measured"}
    with pytest.raises(ConfigError, match=r"must not skip less; 0\.4 does, beside 0\.6"):
        OwnModels(write_catalog(tmp_path, lambda found: found["elastic"]["mine-l2a"]["levels"].append(leaner)))


def test_a_run_tells_every_problem_of_the_file_once(tmp_path, capsys):
    def spoil(found):
        found["models"]["mine"]["kind"] = "chat"
        found["elastic"]["mine-l2a"]["skipping"] = "some"

    words = ["+experiment=spot_preemption", f"model.catalog={write_catalog(tmp_path, spoil)}", f"output_dir={tmp_path / 'run'}"]
    assert main(["run", *words, "family.large=mine", "family.elastic=mine-l2a"]) == 2
    told = capsys.readouterr().err
    assert told.count("models.mine.kind") == told.count("elastic.mine-l2a.skipping") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("model.catalog=nowhere.yaml",), "model.catalog: nowhere.yaml cannot be read"),
        (("family.large=mine",), "model.catalog names your own"),
        (("model.catalog={path}", "family.elastic=mine-l2a"), "elastic profile mine-l2a belongs to model mine, not to qwen3-4b"),
    ],
)
def test_a_file_or_a_name_that_is_not_there_is_named(tmp_path, capsys, words, told):
    given = [word.format(path=write_catalog(tmp_path)) for word in words]
    assert main(["run", "+experiment=spot_preemption", *given, f"output_dir={tmp_path / 'run'}"]) == 2
    assert told in capsys.readouterr().err


def test_a_folder_without_a_shape_is_named_with_its_key(tmp_path):
    own = OwnModels(write_catalog(tmp_path, lambda found: found["models"]["mine"].update(folder="elsewhere")))
    with pytest.raises(ConfigError, match=r"mine.yaml: models.mine.folder: .*elsewhere/config.json: cannot be read"):
        own.model("mine")
