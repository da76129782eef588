"""One number for a policy in a scenario, the same for all kinds: what its right answers are worth, less what they cost."""

from collections.abc import Mapping
from typing import Any

SHOWN = ("sla_attainment", "quality", "correct_goodput_rps", "cost_usd", "cost_usd_per_1000_met")
"""Metrics that stand beside the score."""


def net_value_usd_per_h(correct_goodput_rps: float, cost_usd: float, duration_s: float, value_usd_per_right: float) -> float:
    """Right answers within their SLA × their value − the whole bill, over the hours during which requests arrive.

    The bill includes the time after the last arrival in which requests end, as the count of right answers does.

    Args:
        duration_s: seconds during which requests arrive; `correct_goodput_rps` is over these.
    """
    return (correct_goodput_rps * value_usd_per_right - cost_usd / duration_s) * 3600


def net_values(summary: Mapping[str, Any], duration_s: float, value_usd_per_right: float) -> dict[str, list[float]]:
    """By contender of a `summary.json`, the net value of each replication, US dollars an hour."""
    return {
        name: [
            net_value_usd_per_h(right, cost, duration_s, value_usd_per_right)
            for right, cost in zip(metrics["correct_goodput_rps"]["seeds"], metrics["cost_usd"]["seeds"], strict=True)
        ]
        for name, metrics in summary["contenders"].items()
    }
