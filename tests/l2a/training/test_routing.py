"""Training routers for one budget."""

import json
import shutil
from dataclasses import replace

import pytest

from cloudsim.cli import main
from cloudsim.errors import ModelError
from tests.l2a.optional import needs

torch = needs("torch", "model")
needs("peft", "model")

QUICK = ("processes=1", "mixture.problems=4", "mixture.rows=4", "loop.bf16=false", "loop.compiled=false")


def stage(steps=6, **options):
    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.tasks.batches import Mixture
    from cloudsim.l2a.training.routing import route

    torch.manual_seed(0)
    mixture = Mixture(problems=4, rows=2, families=("columns",), warmup=0.0)
    return route(build_base(layers=4, hidden=32, heads=4, groups=2), steps, mixture, **{"reduction": 8, **options})


def trained(made, folder, bf16=False):
    from cloudsim.l2a.training.loop import LoopOptions, train

    train(made, LoopOptions(made.steps, log_every=1, bf16=bf16, compiled=False), folder)
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def realised(made, model):
    """Compute of a token, on problems that no training draws."""
    from cloudsim.l2a.training.routing import read_tokens

    runs = []
    for batch in replace(made.mixture, seed=9, problems=32).draw(0, 0):
        with torch.no_grad():
            runs.append(model(batch.tokens).runs[read_tokens(batch)])
    return made.cost.share(1 + float(torch.cat(runs).sum(1).mean()))


@pytest.mark.parametrize(("budget", "bf16"), [(0.6, False), (0.8, True)])
def test_tokens_are_held_to_the_compute_of_the_budget(tmp_path, budget, bf16):
    from cloudsim.l2a.budget import ComputeBudget
    from cloudsim.l2a.mask import target_share

    made = stage(budget=budget, threshold_lr=0.06, steps=90)
    asked = target_share(made.cost.dense, ComputeBudget.of(budget))
    assert made.cost.share(made.target) == pytest.approx(asked)
    # More than the dense model, which has no routers.
    assert realised(made, made.model) > 1
    log = trained(made, tmp_path, bf16)
    assert log[0]["compute_realised"] > 1
    late = [row["compute_realised"] for row in log[-30:]]
    assert sum(late) / len(late) == pytest.approx(asked, abs=0.08)
    before, held = made.model.thresholds.clone(), made.held(torch.bfloat16)
    assert realised(made, held) == pytest.approx(asked, abs=0.04)
    assert all(torch.equal(value, value.bfloat16().float()) for value in held.added().values() if value.ndim > 1)
    assert torch.equal(made.model.thresholds, before)


def test_without_the_term_nothing_is_skipped(tmp_path):
    made = stage(skipping=0.0, steps=20)
    assert trained(made, tmp_path)[-1]["compute_realised"] > 1


def test_routers_bypasses_and_lora_learn_and_the_base_does_not(tmp_path):
    from cloudsim.l2a.fingerprint import weights_sha256

    made = stage(threshold_lr=0.1, steps=40)
    before, base = {name: value.clone() for name, value in made.model.added().items()}, weights_sha256(made.model.base)
    trained(made, tmp_path)
    assert weights_sha256(made.model.base) == base
    still = [name for name, value in made.model.added().items() if torch.equal(value, before[name])]
    assert still == []


def test_figures_of_a_step_are_means_over_the_tokens_that_are_read():
    made = stage()
    from tests.l2a.network.routers import turn

    turn(made.model)
    batches, figures, kept, tokens = made.batches(0, 0), {}, 0.0, 0
    assert len(batches) == 2
    for index, batch in enumerate(batches):
        _, measured = made.loss(made.model, batches, index, 0, 0)
        for name, value in measured.items():
            figures[name] = figures.get(name, 0.0) + value
        with torch.no_grad():
            runs = made.model(batch.tokens).runs
        for row in range(len(batch.tokens)):
            # The last token of an answer is written and never read.
            read = int(batch.prompt_tokens[row]) + int((batch.weights[row] > 0).sum()) - 1
            kept += read + float(runs[row, :read].sum())
            tokens += read
    assert 1 < kept / tokens < 4
    assert figures["compute_realised"] == pytest.approx(made.cost.share(kept / tokens), rel=1e-5)
    assert figures["compute_target"] == pytest.approx(made.cost.share(made.target))
    assert sum(figures[f"keep_layer_{layer:02d}"] for layer in range(4)) == pytest.approx(kept / tokens, rel=1e-5)


def test_a_pause_changes_nothing(tmp_path):
    from cloudsim.l2a.training.loop import LoopOptions, train

    options, steps = LoopOptions(6, log_every=1, bf16=False, compiled=False), iter([False, False, True])
    whole, resumed = stage(steps=6), stage(steps=6)
    train(whole, options, tmp_path / "whole")
    assert train(stage(steps=6), options, tmp_path / "parts", stop=lambda: next(steps)).steps == 3
    train(resumed, options, tmp_path / "parts")
    assert all(torch.equal(value, resumed.model.added()[name]) for name, value in whole.model.added().items())
    assert (tmp_path / "whole/log.jsonl").read_bytes() == (tmp_path / "parts/log.jsonl").read_bytes()


def test_the_skipping_loss_has_a_gradient_where_every_token_runs_every_layer():
    made = stage()
    list(made.optimizers())
    output = made.model(made.batches(0, 0)[0].tokens)
    assert output.runs.min() == 1
    output.runs.mean().backward()
    # A higher threshold lets fewer tokens run.
    assert made.model.thresholds.grad.max() < 0
    assert all(router.score.weight.grad.abs().max() > 0 for router in made.model.routers)


def test_the_layers_that_matter_least_are_nearest_to_closing_and_all_start_open():
    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.token_router import RoutingShape, TokenRouted

    model = TokenRouted.wrap(build_base(layers=5, hidden=32, heads=4, groups=2), RoutingShape(2, 16, 0))
    model.order(torch.tensor([0.0, 9.0, 0.3, 0.1, 0.2]))
    assert model.thresholds.tolist() == pytest.approx([-3.0, -1.0, -2.0])
    assert sorted(stage().model.thresholds.tolist()) == pytest.approx([-3.0, -2.0, -1.0])


def test_a_budget_out_of_reach_is_told(tmp_path, capsys):
    from cloudsim.l2a.base import build_base

    with pytest.raises(ModelError, match=r"budget: 0\.6 is out of reach: a token that skips all 1 routed layers of 4 still takes"):
        stage(dense_layers=3)
    build_base(layers=4, hidden=32, heads=4, groups=2).save_pretrained(tmp_path / "dense")
    words = ("+recipe=flexidepth", f"base.path={tmp_path / 'dense'}", "stages.routing.budget=0.2", f"output_dir={tmp_path / 'run'}", *QUICK)
    assert main(["train", *words]) == 2
    assert "stages.routing: budget: 0.2 is out of reach" in capsys.readouterr().err
    assert main(["train", *words, "stages.routing.budget=1.5", "stages.routing.lora_rank=-1"]) == 2
    told = capsys.readouterr().err
    assert "stages.routing.budget: found 1.5" in told
    assert "stages.routing.lora_rank: found -1" in told


def test_the_recipe_leaves_what_an_evaluation_finds(tmp_path):
    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.catalog import method
    from cloudsim.l2a.weights_folder import WeightsFolder

    build_base(layers=4, hidden=32, heads=4, groups=2, seed=3).save_pretrained(tmp_path / "dense")
    words = (f"base.path={tmp_path / 'dense'}", "stages.routing.steps=2", "model_bf16=true", f"output_dir={tmp_path / 'run'}", *QUICK)
    assert main(["train", "+recipe=flexidepth", *words]) == 0
    made = tmp_path / "run" / "model"
    assert {path.name for path in made.iterdir()} == {"flexidepth-60.safetensors", "flexidepth-60.json", "README.md"}
    shutil.copytree(made, tmp_path / "healed")
    bench, chosen = Bench(WeightsFolder(tmp_path), calibration=4), method("flexidepth")
    assert chosen.missing(bench.weights, 0.6) is None
    records = chosen.contender(bench, 0.6, None).records(bench.questions, [0, 1, 2, 3])
    assert all(1 <= record.layers <= 4 for record in records)
