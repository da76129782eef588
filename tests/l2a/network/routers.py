"""Routed models with random routers."""

import torch

from cloudsim.l2a.token_router import RoutingShape, TokenRouted
from tests.l2a.network.elastic import dense


def turn(model, size=0.3, threshold=0.0):
    """Give bypasses and LoRA random weights, and routers such that tokens differ."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(7)
        for name, parameter in model.named_parameters():
            if name.startswith("routers."):
                torch.nn.init.normal_(parameter)
            elif name == "thresholds":
                parameter.fill_(threshold)
            elif "lora_" in name or name.startswith("bypasses."):
                torch.nn.init.normal_(parameter, std=size)


def routed(kind, threshold=0.0, shape=None, **options):
    """A routed model as if trained, in double precision. Args: threshold: −100 lets every token run every layer, 100 none."""
    model = TokenRouted.wrap(dense(kind, **options), shape or RoutingShape(1, 4, 4)).double().eval()
    turn(model, 0.1, threshold)
    return model
