"""A comparison is fair only if all contenders have the same number of GPUs; and there must be contenders at all."""

from collections.abc import Mapping, Sequence
from typing import Any

FIRST = "spot_preemption"
"""The experiment to begin with."""


def contender_problems(tree: Mapping[str, Any], experiments: Sequence[str] = ()) -> list[str]:
    """No contenders, or contenders whose pools do not add up to `fleet.instances`."""
    contenders = tree.get("contenders")
    if contenders == {}:
        offer = ""
        if experiments:
            first = FIRST if FIRST in experiments else experiments[0]
            offer = f"choose an experiment, such as +experiment={first}; available: {', '.join(experiments)}"
        return [f"contenders: there are none to compare; {offer or 'add at least one'}"]
    fleet = tree.get("fleet")
    wanted = fleet.get("instances") if isinstance(fleet, Mapping) else None
    if not isinstance(contenders, Mapping) or not isinstance(wanted, int):
        return []
    problems = []
    for name, contender in contenders.items():
        pools = contender.get("pools") if isinstance(contender, Mapping) else None
        entries = list(pools.values()) if isinstance(pools, Mapping) else []
        sizes = [pool.get("instances") if isinstance(pool, Mapping) else None for pool in entries]
        counts = [size for size in sizes if isinstance(size, int) and size >= 0]
        if sizes and len(counts) == len(sizes) and sum(counts) != wanted:
            path = f"contenders.{name}.pools"
            total = f"{' + '.join(map(str, counts))} = {sum(counts)}" if len(counts) > 1 else str(sum(counts))
            problems.append(f"{path}: found {total} instances; fleet.instances is {wanted}, and all contenders have equally many GPUs")
    return problems
