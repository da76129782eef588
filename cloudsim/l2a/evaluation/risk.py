"""Choosing a budget with a guarantee: Learn-then-Test (Angelopoulos et al. 2021), as arXiv 2405.20915 uses it for early exits."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lowest_safe_budget(right: "Mapping[float, NDArray[Any]]", dense: "NDArray[Any]", epsilon: float, delta: float) -> float | None:
    """The lowest budget that loses at most `epsilon` of the answers the dense model has right; wrong with a chance of at most `delta`.

    Budgets are tested from the highest down, each at level `delta`, until one fails: a fixed sequence needs no correction. The loss of a
    problem is 1 where the dense model is right and the elastic one is not, so the exact binomial tail is a valid p-value; problems that
    only the elastic model has right are not set off against it.

    Args:
        right: for each budget, whether each calibration problem was answered right.
        dense: the same of the dense model, in the same order.
        epsilon: share of the problems that may be lost.
        delta: chance that more are.

    Returns:
        None if not even the highest budget passes.

    Raises:
        ModelError: a share is outside (0, 1), or the records do not belong together.
    """
    from scipy.stats import binom

    shares = {"epsilon": epsilon, "delta": delta}
    problems = [f"{name} is {value!r}; it must lie between 0 and 1" for name, value in shares.items() if not 0 < value < 1]
    others = {budget: len(found) for budget, found in right.items() if len(found) != len(dense)}
    problems += [f"budget {budget}: {count} records, the dense model has {len(dense)}" for budget, count in others.items()]
    if problems:
        raise ModelError(*problems)
    safe = None
    for budget in sorted(right, reverse=True):
        lost = int((dense & ~right[budget]).sum())
        if float(binom.cdf(lost, len(dense), epsilon)) > delta:
            break
        safe = budget
    return safe
