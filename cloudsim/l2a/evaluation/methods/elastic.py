"""The elastic models, and one of them with its input blindfolded."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cloudsim.l2a.evaluation.methods.baseline import Baseline, masked
from cloudsim.l2a.evaluation.methods.method import Setting
from cloudsim.l2a.mask import Mask
from cloudsim.l2a.weights_folder import WeightsFolder, how_to_make

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.contender import Contender
    from cloudsim.l2a.plan import Plan


class Elastic(Baseline):
    """An L2A model. Args: part: `nested` or `faithful`."""

    full = True

    def __init__(self, part: str) -> None:
        # Of the models themselves the whole frontier is wanted.
        self.part, self.elastic = part, type(self) is Elastic

    def missing(self, weights: WeightsFolder, budget: float) -> str | None:
        """The model."""
        return None if self.part in weights.parts else f"{weights.path / self.part} is not there; {how_to_make(self.part)}"

    def sources(self, weights: WeightsFolder, budget: float) -> Sequence[Any]:
        """The model."""
        return (weights.parts[self.part],)

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The model at a budget; its stop gate works where the budget asks for fewer tokens than all."""
        from cloudsim.l2a.budget import ComputeBudget
        from cloudsim.l2a.decoder import SkippingDecoder
        from cloudsim.l2a.evaluation.contender import Contender
        from cloudsim.l2a.plan import GatePlanner

        model = bench.elastic(self.part)
        planner = GatePlanner(model)
        stop = model.stop if bench.tokens < 1 else None
        vector = ComputeBudget.of(budget, bench.tokens).vector
        return Contender(SkippingDecoder(model.base), bench.cost, lambda _: planner, vector, stop)


class FixedBudget(Elastic):
    """The elastic model with the mean decision at a budget for every input: what choosing by the input adds is the difference."""

    full = False
    searches = True

    def prepare(self, bench: "Bench", budgets: Sequence[float]) -> dict[float, Setting]:
        """The mean decision on the calibration problems."""
        from cloudsim.l2a.budget import ComputeBudget
        from cloudsim.l2a.decoder import SkippingDecoder
        from cloudsim.l2a.plan import GatePlanner, budget_rows

        model = bench.elastic(self.part)
        decoder, planner = SkippingDecoder(model.base), GatePlanner(model)
        prompts = [list(question.prompt) for question in bench.questions]
        found: dict[float, Setting] = {}
        for budget in budgets:
            asked = budget_rows([ComputeBudget.of(budget, bench.tokens)] * len(prompts))
            found[budget] = mean_mask(decoder.prefill(prompts, asked, planner).plan).as_json()
        return found

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The elastic model's weights under the mask."""
        mask = Mask.from_json(setting or {}, "the setting of fixed_budget")
        return masked(bench, budget, mask, bench.elastic(self.part).base)


def mean_mask(plan: "Plan") -> Mask:
    """As many layers, and groups in them, as the rows of a plan run on average: those that most rows run."""
    layers, groups = plan.layers.double().mean(0), plan.groups.double().mean(0)
    count = max(1, round(float(layers.sum())))
    kept = sorted(layers.argsort(descending=True, stable=True)[:count].tolist())
    pairs = [(layer, group) for layer in kept for group in range(groups.shape[1])]
    pairs.sort(key=lambda pair: -float(groups[pair]))
    chosen = set(pairs[: round(float(groups.sum()))])
    flags = [[(layer, group) in chosen for group in range(groups.shape[1])] for layer in range(len(layers))]
    return Mask(tuple(layer in kept for layer in range(len(layers))), tuple(map(tuple, flags)))
