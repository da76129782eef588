"""What became of a training, in words and as rows of a table."""

from collections.abc import Mapping, Sequence
from typing import Any

HEADS = ("policy", "reward", "trained minus it (95 %)", "SLA %", "right %", "right in SLA /s", "mean budget")


def rows(document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """One row for each policy of a comparison, under `HEADS`."""
    made: list[tuple[str, ...]] = []
    for name, figures in document["players"].items():
        means = {figure: entry["mean"] for figure, entry in figures.items()}
        made.append((
            name, f"{means['reward']:,.1f}", _told(figures["reward"].get("trained_minus")), f"{means['sla_attainment']:.2%}",
            f"{means['quality']:.2%}", f"{means['correct_goodput_rps']:.3f}", f"{means['budget_mean']:.3f}",
        ))  # fmt: skip
    return made


def title(document: Mapping[str, Any]) -> str:
    """What the comparison is of."""
    return (
        f"means of {document['replications']} replications of seed {document['seed']}; the fixed budget was chosen on the training's traces"
    )


def card(document: Mapping[str, Any]) -> str:
    """The page beside a trained policy, in Markdown."""
    training = document["training"]
    packages = ", ".join(f"{name} {version}" for name, version in training["packages"].items())
    lines = [
        f"# A budget policy trained by {training['algorithm']}", "",
        f"`{training['command']}`", "",
        f"Seed {training['seed']}, {training['steps']:,} decisions in {training['episodes']:,} episodes, "
        f"{training['cpu_s'] / 60:.1f} minutes of CPU ({training['wall_s'] / 60:.1f} of the clock); cloudsim "
        f"{training['version']}, {packages}.", "",
        f"Reward: {training['reward']}.", "",
        f"{title(document).capitalize()}:", "",
        *_table(HEADS, rows(document)),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _table(heads: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *body)]


def _told(difference: Mapping[str, Any] | None) -> str:
    if difference is None:
        return ""
    low, high = difference["ci95"]
    return f"{difference['mean']:+,.1f} ({low:+,.1f} to {high:+,.1f})"
