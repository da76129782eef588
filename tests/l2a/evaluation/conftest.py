"""Tiny untrained models, laid out as the embedded ones are."""

from pathlib import Path

import pytest

from tests.l2a.optional import needs

needs("torch", "model")


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    import torch

    from cloudsim.l2a.adapters import save_adapter
    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.cost import ModelCost
    from cloudsim.l2a.evaluation.methods.every_kth import even_mask
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.token_router import RoutingShape, TokenRouted, save_routed
    from tests.l2a.network.routers import turn

    folder = tmp_path_factory.mktemp("models")
    build_base(layers=4, hidden=32, heads=4, groups=2).save_pretrained(folder / "dense")
    build_base(layers=2, hidden=32, heads=4, groups=2).save_pretrained(folder / "smaller_dense")
    for mode in ("nested", "faithful"):
        torch.manual_seed(1)
        model = L2AForCausalLM.wrap(build_base(layers=4, hidden=32, heads=4, groups=2), mode=mode)
        shake(model, 0.3)
        model.save_pretrained(folder / mode, base=folder / "dense")
    healed = L2AForCausalLM.wrap(build_base(layers=4, hidden=32, heads=4, groups=2))
    shake(healed, 0.3)
    save_adapter(healed, None, folder / "healed" / "random_drop.safetensors")
    mask = even_mask(ModelCost.of(healed.base.config), 0.6)
    save_adapter(healed, mask, folder / "healed" / "static-60.safetensors")
    routed = TokenRouted.wrap(build_base(layers=4, hidden=32, heads=4, groups=2), RoutingShape(1, 16, 16))
    turn(routed, 0.3)
    save_routed(routed, folder / "healed" / "flexidepth-60.safetensors")
    return folder


def shake(model, size):
    """Make gates and adapters do something."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name or name.startswith(("gates.dial", "gates.layer.")):
                parameter.add_(size * torch.randn(parameter.shape))


@pytest.fixture(scope="session")
def bench(models):
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.weights_folder import WeightsFolder

    return Bench(WeightsFolder(models), calibration=8)


@pytest.fixture(scope="session")
def questions():
    from cloudsim.l2a.tasks.suite import suite

    return suite("id", 12, 0)


@pytest.fixture
def config(tmp_path, models):
    from cloudsim.composition.options import compose
    from cloudsim.l2a.evaluation.config import EvaluationConfig

    def make(*words):
        small = ("problems=6", "calibration=4", "processes=1", "timing=null", "budgets=[1,0.6]", "baseline_budgets=[0.6]", "splits=[id]")
        return compose([*small, f"checkpoint={models}", f"output_dir={tmp_path / 'out'}", *words], "evaluation", EvaluationConfig)

    return make
