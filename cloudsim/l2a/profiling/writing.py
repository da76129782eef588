"""A measured profile as a file, and in words."""

import os
from pathlib import Path
from typing import Any

import yaml

from cloudsim.models.measured import MeasuredProfile


def write_profile(profile: MeasuredProfile, output: Path) -> None:
    """Write a profile; the file appears under its name when it is whole."""
    partial = output.with_name(f".{output.name}.{os.getpid()}")
    text = yaml.safe_dump(profile.model_dump(), sort_keys=False, width=140, allow_unicode=True)
    try:
        partial.write_text(f"# Written by {profile.command}\n{text}", encoding="utf-8")
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def figures(profile: MeasuredProfile) -> dict[str, Any]:
    """What the levels come to."""
    layers = profile.model.layers
    levels = [
        {
            "budget": level.budget, "accuracy": level.accuracy, "layer_sparsity": 1 - sum(level.layer_use) / layers,
            "head_sparsity": 1 - level.group_share, "tokens": level.tokens, "masks": len(set(level.mask.split())),
        }
        for level in profile.levels
    ]  # fmt: skip
    return {
        "name": profile.name, "sha256": profile.checkpoint.sha256, "skipping": profile.skipping, "problems": len(profile.levels[0].right),
        "gate_overhead": profile.gate_overhead, "levels": levels, "clock_error_pct": profile.clock.error_pct,
    }  # fmt: skip


def table(profile: MeasuredProfile, output: Path) -> str:
    """The levels as a table, and where the profile is."""
    found = figures(profile)
    lines = [f"{'budget':>6} {'right':>7} {'layers':>7} {'groups':>7} {'tokens':>7} {'masks':>6}   (shares of the full model)"]
    lines += [
        f"{level['budget']:>6g} {level['accuracy']:>7.1%} {1 - level['layer_sparsity']:>7.1%} {1 - level['head_sparsity']:>7.1%} "
        f"{level['tokens']:>7.1%} {level['masks']:>6}"
        for level in found["levels"]
    ]
    return "\n".join([*lines, f"gates add {profile.gate_overhead:.2%} of the time; {found['problems']:,} problems; {output}"])
