"""The loop itself, in this process."""

import json
from dataclasses import replace

import pytest
import torch

from cloudsim.errors import ModelError
from cloudsim.l2a.base import build_base
from cloudsim.l2a.tasks.batches import Mixture
from cloudsim.l2a.training.checkpoint import Checkpoints, Spent
from cloudsim.l2a.training.loop import LoopOptions, train
from cloudsim.l2a.training.pretraining import Pretraining
from tests.l2a.training.stages import Gated, NotANumber

MIXTURE = Mixture(problems=2, rows=2, families=("columns",))
OPTIONS = LoopOptions(6, checkpoint_every=2, log_every=1, bf16=False, compiled=False)


def tiny(kind=Pretraining, layers=2, **options):
    return kind(build_base(layers, 32, 4, 2), 6, MIXTURE, **options)


def test_the_loss_falls(tmp_path):
    stage = Pretraining(build_base(2, 32, 4, 2), 60, Mixture(problems=8, rows=8, families=("columns",), warmup=0.0))
    train(stage, replace(OPTIONS, steps=60), tmp_path)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])


def test_what_was_spent_is_counted(tmp_path):
    told, saved = [], []
    spent = train(tiny(), OPTIONS, tmp_path, told.append, saved.append)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [one.step for one in told] == [1, 2, 3, 4, 5, 6]
    assert [one.steps for one in saved] == [2, 4, 6]
    assert Checkpoints(tmp_path).steps() == [4, 6]
    assert spent.tokens == rows[-1]["tokens"] > 0
    padded = sum(batch.tokens.numel() for step in range(6) for batch in tiny().batches(step, 0))
    assert spent.tokens < padded


def test_random_numbers_in_a_stage_are_the_same_after_a_pause(tmp_path):
    whole = tiny(Gated)
    train(whole, OPTIONS, tmp_path / "whole")
    steps = iter([False, False, True])
    assert train(tiny(Gated), OPTIONS, tmp_path / "parts", stop=lambda: next(steps)).steps == 3
    torch.manual_seed(99)
    resumed = tiny(Gated)
    train(resumed, OPTIONS, tmp_path / "parts")
    assert all(torch.equal(one, other) for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True))
    assert (tmp_path / "whole/log.jsonl").read_bytes() == (tmp_path / "parts/log.jsonl").read_bytes()


def test_figures_are_added_over_micro_batches(tmp_path):
    told = []
    stage = Gated(build_base(2, 32, 4, 2), 6, Mixture(problems=4, rows=2, families=("columns",)))
    train(stage, OPTIONS, tmp_path, told.append)
    assert told[-1].figures["compute_target"] == pytest.approx(0.6)
    assert told[-1].figures["keep_layer_01"] == pytest.approx(0.5)


def test_not_a_number_stops_the_training_and_keeps_the_last_good_checkpoint(tmp_path):
    stage = tiny(NotANumber, at=4)
    with pytest.raises(ModelError, match=r"pretraining: not a number at step 5 .*the checkpoint after step 4 is kept"):
        train(stage, OPTIONS, tmp_path)
    assert all(bool(parameter.isfinite().all()) for parameter in stage.model.parameters())
    good = tiny()
    assert Checkpoints(tmp_path).restore(good.model).steps == 4
    assert all(torch.equal(one, other) for one, other in zip(good.model.parameters(), stage.model.parameters(), strict=True))


def test_compiled_layers_learn_the_same_and_are_left_as_they_were(tmp_path):
    pytest.importorskip("torch._inductor")
    stage, plain = tiny(), tiny()
    with pytest.MonkeyPatch.context() as patch:
        compiled = []
        patch.setattr(torch.nn.Module, "compile", lambda self, **options: compiled.append(type(self).__name__))
        train(stage, LoopOptions(2, bf16=False, compiled=True), tmp_path / "a")
    train(plain, LoopOptions(2, bf16=False, compiled=False), tmp_path / "b")
    assert compiled == ["LlamaDecoderLayer"] * 2
    assert all(layer._compiled_call_impl is None for layer in stage.model.model.layers)


@pytest.fixture
def folder(tmp_path):
    train(tiny(), OPTIONS, tmp_path)
    return tmp_path


def bytes_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("damage", ["truncated", "foreign", "empty", "renamed"])
def test_a_damaged_checkpoint_is_named_and_nothing_is_overwritten(folder, damage):
    file = Checkpoints(folder).path(6)
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "foreign":
        torch.save({"epoch": 3}, file)
    elif damage == "empty":
        file.write_bytes(b"")
    else:
        file.parent.rename(folder / "step-0000008")
    before, stage = bytes_of(folder), tiny()
    start = [parameter.clone() for parameter in stage.model.parameters()]
    with pytest.raises(ModelError, match=r"step-000000\d/state.pt: .*(delete|choose another)"):
        train(stage, OPTIONS, folder)
    assert bytes_of(folder) == before
    assert all(torch.equal(one, other) for one, other in zip(stage.model.parameters(), start, strict=True))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (lambda: tiny(layers=3), r"it has no model\.layers\.2"),
        (lambda: tiny(layers=1), r"which the model does not train"),
        (lambda: Pretraining(build_base(2, 64, 4, 2), 6, MIXTURE), r"has the shape \(\d+, 32\), not \(\d+, 64\)"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused(folder, other, said):
    before = bytes_of(folder)
    with pytest.raises(ModelError, match=rf"belongs to another model: .*{said}"):
        train(other(), OPTIONS, folder)
    assert bytes_of(folder) == before


def test_optimizers_of_another_training_are_refused(folder):
    stage = tiny()
    with pytest.raises(ModelError, match="its optimizers are not those of this training"):
        Checkpoints(folder).restore(stage.model, [torch.optim.SGD(stage.model.parameters(), lr=1.0)])


def test_a_checkpoint_without_what_was_spent_can_be_read(folder):
    file = Checkpoints(folder).path(6)
    state = torch.load(file, weights_only=True)
    torch.save({key: state[key] for key in ("step", "parameters", "optimizers")}, file)
    assert Checkpoints(folder).restore(tiny().model) == Spent(6)


def test_remains_of_a_killed_save_are_cleared_away_and_never_read(folder):
    (folder / ".partial-1").mkdir()
    (folder / ".partial-1/state.pt").write_bytes(b"half")
    train(tiny(), LoopOptions(8, checkpoint_every=2, log_every=1, bf16=False, compiled=False), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["log.jsonl", "speed.jsonl", "step-0000006", "step-0000008"]
