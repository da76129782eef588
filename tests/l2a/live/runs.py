"""Short live runs."""

from tests.cluster.scenario import contender, small

MARKET = {"a-1a": [(0.0, 2, 1.0), (2.0, 1, 1.0), (4.0, 2, 1.0)]}


def live(folder, backend="live", elastic=True, policies=None, rows=40, gap_s=0.1, **changes):
    """A run of one contender on the networks of `folder`, with a slow host and a reclaim in the middle."""
    pools = {"large": ("tiny-reasoner", "tiny-reasoner-l2a" if elastic else None, 2)}
    chosen = {"budget": {"_target_": "policies.budget.fixed.Fixed", "budget": 0.7}, "notice": "recompute"} | (policies or {})
    return small(contender(pools, **chosen), [(at * gap_s, 300, 100) for at in range(rows)], MARKET, **{
        "family__task": "procedural", "model__backend": backend, "model__measured": str(folder),
        "duration_s": max(10.0, rows * gap_s), "drain_s": 30.0, "provider__notice_s": 0.5, "engine__max_sequences": 4,
        "engine__step_overhead_s": 0.006,
        "workload__difficulty_noise": 0.0,
    } | changes)  # fmt: skip
