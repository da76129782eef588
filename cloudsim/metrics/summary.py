"""The metrics of one run, from its result tables: what was served, how well, and what it cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.cluster.bill import CLASSES, USD_CLASSES
from cloudsim.errors import SimulationError
from cloudsim.metrics.tables import STATUSES
from cloudsim.metrics.words import Words
from traces.grid import J_PER_KWH

Table = Mapping[str, "NDArray[Any] | Words"]

PERCENTILES = (50, 90, 99)
# Sums of up to a million terms in another order differ by far less; a class that is forgotten, by far more.
SUM_TOLERANCE = 1e-9


def metrics(requests: Table, nodes: Table, duration_s: float, tiers: Sequence[str]) -> dict[str, float]:
    """All metrics of one contender in one replication, by name.

    Args:
        requests, nodes: columns of `cloudsim.metrics.tables` (contender and replication are not needed).
        duration_s: seconds during which requests arrived; goodput is over these.
        tiers: names of the tiers, so that a tier without a request has its metric too (NaN).

    Raises:
        SimulationError: requests or money do not add up.
    """
    status, tier, met = _words(requests, "status"), _words(requests, "tier"), _numbers(requests, "met_sla") == 1
    completed = _is(status, "completed")
    right = completed & (_numbers(requests, "correct") == 1)
    result = _counts(status)
    result["sla_attainment"] = _share(met)
    for name in tiers:
        result[f"sla_attainment_{name}"] = _share(met[_is(tier, name)])
    result["goodput_rps"] = float(met.sum()) / duration_s
    result["correct_goodput_rps"] = float((met & right).sum()) / duration_s
    result["quality"] = _share(right[completed])
    money = _bill(nodes)
    result["cost_usd"] = money["cost_usd"]
    result["cost_usd_per_1000_met"] = 1000 * money["cost_usd"] / met.sum() if met.any() else float("nan")
    result["energy_kwh"] = float(_numbers(nodes, "energy_j").sum()) / J_PER_KWH
    result["energy_wh_per_met"] = 1000 * result["energy_kwh"] / met.sum() if met.any() else float("nan")
    result["carbon_kg"] = float(_numbers(nodes, "carbon_g").sum()) / 1000
    result |= _latencies(requests, completed)
    result["preemptions"] = float(_is(_words(nodes, "end_reason"), "reclaimed").sum())
    result["engine_crashes"] = float(_numbers(nodes, "crashes").sum())
    result["kv_preemptions"] = float(_numbers(requests, "preempted").sum())
    result["retried"] = float((_numbers(requests, "retries") > 0).sum())
    result["migrated"] = float((_numbers(requests, "migrations") > 0).sum())
    result["escalated"] = float((_numbers(requests, "escalations") > 0).sum())
    prompt = int(_numbers(requests, "input_tokens")[completed].sum(dtype=np.int64))
    cached = int(_numbers(requests, "cached_tokens")[completed].sum(dtype=np.int64))
    result["prefix_hit_share"] = cached / prompt if prompt else float("nan")
    budget = _numbers(requests, "budget").astype(np.float64)
    result["budget_mean"] = float(budget[~np.isnan(budget)].mean()) if not np.isnan(budget).all() else float("nan")
    return result | {name: value for name, value in money.items() if name != "cost_usd"}


def _counts(status: Words) -> dict[str, float]:
    arrived = len(status)
    counts = {word: float(_is(status, word).sum()) for word in STATUSES}
    if sum(counts.values()) != arrived:
        found = " + ".join(f"{count:g} {word}" for word, count in counts.items())
        raise SimulationError(f"{arrived} requests arrived, but {found} make {sum(counts.values()):g}: every request must end in one way")
    return {"arrived": float(arrived)} | counts


def _bill(nodes: Table) -> dict[str, float]:
    """Sums of money and GPU-seconds by class, checked against the bill."""
    result: dict[str, float] = {}
    for unit, total, names in (("usd", "cost_usd", USD_CLASSES), ("gpu_s", "billed_gpu_s", CLASSES)):
        parts = {f"{name}_{unit}": float(_numbers(nodes, f"{name}_{unit}").sum()) for name in names}
        bill = float(_numbers(nodes, total).sum())
        if not np.isclose(sum(parts.values()), bill, rtol=SUM_TOLERANCE, atol=SUM_TOLERANCE):
            classes = " + ".join(f"{name} {value!r}" for name, value in parts.items())
            raise SimulationError(f"{classes} = {sum(parts.values())!r}, but {total} is {bill!r}: every GPU-second has one class")
        result |= parts | {total: bill}
    return result


def _latencies(requests: Table, completed: NDArray[np.bool_]) -> dict[str, float]:
    """Percentiles over completed requests; time per output token over those with more than one token."""
    first, done, arrival = (_numbers(requests, name)[completed] for name in ("first_token_s", "done_s", "arrival_s"))
    ttft = _percentiles("ttft", first - arrival)
    np.subtract(done, arrival, out=arrival)  # in place, as below: of ten million requests a column takes 80 MB
    e2e = _percentiles("e2e", arrival)
    del arrival
    done -= first
    del first
    tokens = _numbers(requests, "generated_tokens")[completed]
    several = tokens > 1
    return ttft | _percentiles("tpot", done[several] / (tokens[several] - 1)) | e2e


def _percentiles(name: str, sample: NDArray[np.float64]) -> dict[str, float]:
    """Of a sample that nobody needs afterwards: it is put in another order."""
    values = np.percentile(sample, PERCENTILES, overwrite_input=True) if len(sample) else np.full(len(PERCENTILES), np.nan)
    return {f"{name}_p{level}_s": float(value) for level, value in zip(PERCENTILES, values, strict=True)}


def _is(column: Words, word: str) -> NDArray[np.bool_]:
    if word not in column.words:
        return np.zeros(len(column), dtype=np.bool_)
    return np.asarray(column.codes == column.words.index(word))


def _words(table: Table, column: str) -> Words:
    words = table[column]
    assert isinstance(words, Words), f"{column} is a column of words"
    return words


def _numbers(table: Table, column: str) -> NDArray[Any]:
    numbers = table[column]
    assert not isinstance(numbers, Words), f"{column} is a column of numbers"
    return numbers


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if len(hits) else float("nan")
