"""A model at a budget: what is timed, and what reads held-out text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloudsim.l2a.plan import DensePlanner, GatePlanner

if TYPE_CHECKING:
    from cloudsim.l2a.decoder import SkippingDecoder
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.plan import Planner


@dataclass(frozen=True, slots=True)
class Reader:
    """Args: method, budget: names; decoder, planner: of the model; model: the elastic one, None for the dense model."""

    method: str
    budget: float
    decoder: "SkippingDecoder"
    planner: "Planner"
    model: "L2AForCausalLM | None"


def dense_reader(bench: "Bench") -> Reader:
    """The dense model."""
    return Reader("dense", 1.0, bench.decoder, DensePlanner(bench.cost.groups), None)


def elastic_readers(bench: "Bench", parts: Sequence[str], budgets: Sequence[float]) -> list[Reader]:
    """The elastic models, `nested` or `faithful`, at every budget."""
    models = [(part, bench.elastic(part)) for part in parts]
    return [Reader(f"l2a_{part}", budget, model.decoder(), GatePlanner(model), model) for part, model in models for budget in budgets]
