"""The methods by their names."""

from cloudsim.l2a.evaluation.methods.method import Method

METHODS = (
    "dense", "smaller_dense", "l2a_nested", "l2a_faithful", "static", "static_healed", "oracle_static", "oracle_static_healed",
    "random_drop", "fixed_budget", "shortgpt", "adaskip", "flexidepth", "early_exit",
)  # fmt: skip
DENSE, SMALLER = "dense", "smaller_dense"


def method(name: str) -> Method:
    """The method of that name."""
    from cloudsim.l2a.evaluation.methods.dense import Dense, SmallerDense
    from cloudsim.l2a.evaluation.methods.early_exit import EarlyExit
    from cloudsim.l2a.evaluation.methods.elastic import Elastic, FixedBudget
    from cloudsim.l2a.evaluation.methods.every_kth import EveryKth
    from cloudsim.l2a.evaluation.methods.flexidepth import FlexiDepth
    from cloudsim.l2a.evaluation.methods.healed import Healed, RandomDrop
    from cloudsim.l2a.evaluation.methods.oracle import OracleStatic
    from cloudsim.l2a.evaluation.methods.similarity import AdaSkip, ShortGPT

    made: dict[str, Method] = {
        "dense": Dense(), "l2a_nested": Elastic("nested"), "l2a_faithful": Elastic("faithful"), "static": EveryKth(),
        "static_healed": Healed("static"), "oracle_static": OracleStatic(), "oracle_static_healed": Healed("oracle_static"),
        "random_drop": RandomDrop(), "fixed_budget": FixedBudget("nested"), "shortgpt": ShortGPT(), "adaskip": AdaSkip(),
        "flexidepth": FlexiDepth(), "early_exit": EarlyExit(), "smaller_dense": SmallerDense(),
    }  # fmt: skip
    return made[name]
