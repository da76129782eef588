import json

import pytest
import torch

from cloudsim.cli import main
from cloudsim.models.measured import find_measured


def told_step_s(network, rows, context, planner):
    """A step time of known terms: what a busy machine would measure of a tiny network is chance."""
    kept = sum(float(planner.decide(index, None, torch.ones(1, 3)).layer) for index in range(len(network.decoder.layers)))
    return 1e-3 + kept * 2e-4 + rows * kept * 1e-5 + rows * context * kept * network.decoder.groups * 1e-8


def test_the_command_writes_the_profile_that_the_simulator_reads(networks, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("cloudsim.l2a.profiling.clock._step_s", told_step_s)
    output = tmp_path / "small.yaml"
    words = ["profile", "l2a", f"checkpoint={networks / 'small'}", f"output={output}", "problems=4", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    profile = find_measured(str(tmp_path), "small")
    assert told["profile"] == str(output)
    assert (told["problems"], told["skipping"], len(told["levels"])) == (4, "dense", 1)
    assert told["sha256"] == profile.checkpoint.sha256
    assert profile.model.layers == 2
    assert profile.model.params == sum(parameter.numel() for parameter in parameters(networks / "small"))
    assert (tmp_path / profile.checkpoint.path).resolve() == (networks / "small").resolve()
    assert profile.clock.layer_s == pytest.approx(2e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def parameters(folder):
    from cloudsim.l2a.training.finished_model import load_dense

    return load_dense(str(folder)).parameters()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ["checkpoint: missing", "output: missing"]),
        (["checkpoint=none", "output=x.yaml"], ["none holds no model"]),
        (["checkpoint=a", "output=x.txt", "budgets=0.9,1", "problems=0", "split=a"], [".yaml file", "budgets:", "problems:", "split:"]),
        (["chekpoint=a", "output=x.yaml"], ["did you mean checkpoint?", "checkpoint: missing"]),
    ],
)  # fmt: skip
def test_bad_input_ends_in_one_message_with_all_problems(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["profile", "l2a", *words]) == 2
    told = capsys.readouterr().err
    assert all(part in told for part in said), told
    assert not list(tmp_path.iterdir())


def test_the_gates_of_independent_layers_show_in_the_use_of_each(networks, tmp_path):
    from tests.l2a.live.conftest import measure_one

    profile = measure_one(networks / "faithful", tmp_path / "f-l2a.yaml", 12)
    use = [level.layer_use for level in profile.levels]
    assert profile.skipping == "independent"
    assert all(shares[0] == 1.0 for shares in use)
    assert any(0 < share < 1 for shares in use for share in shares)
    masks = [[int(mark) for mark in profile.masks[int(index)].layers] for index in profile.levels[0].mask.split()]
    assert use[0] == pytest.approx([sum(column) / 12 for column in zip(*masks, strict=True)])


def test_help_names_the_subjects_and_their_keys(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["profile", "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "l2a" in told
    assert "checkpoint" in told
