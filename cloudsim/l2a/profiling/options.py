"""What `python -m cloudsim profile l2a` is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudsim.composition.words import read_words
from cloudsim.errors import ConfigError

KEYS = {
    "checkpoint": "folder of the model: embedded/NAME, or one that a training wrote (needed)",
    "output": "profile to write, NAME.yaml; NAME is what pools call it (needed)",
    "model": "name of the dense model; by default NAME without -l2a",
    "problems": "number of problems (2000)",
    "split": "id, families trained on, or ood, families never trained on (id)",
    "seed": "of the problems (1)",
    "budgets": "falling from 1 (1,0.9,0.8,0.7,0.6,0.5,0.4); a dense model has 1 only",
    "tokens": "full asks for whole chains at every budget, budget for as large a share of them as of the compute (full)",
}
BUDGETS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)


@dataclass(frozen=True, slots=True)
class ProfileOptions:
    """One measurement; the keys are those of `KEYS`."""

    checkpoint: str
    output: Path
    model: str
    problems: int
    split: str
    seed: int
    budgets: tuple[float, ...]
    tokens: str
    command: str

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.output.stem

    @classmethod
    def parse(cls, words: Sequence[str]) -> "ProfileOptions":
        """Read KEY=VALUE words; `ConfigError` with everything that is wrong with them."""
        given, problems = read_words(words, KEYS, ("checkpoint", "output"))
        output = Path(given.get("output") or "profile.yaml")
        if output.suffix != ".yaml":
            problems.append(f"output: found {output}; the profile is a .yaml file, whose name pools call it by")
        elif not output.absolute().parent.is_dir():
            problems.append(f"output: there is no folder {output.parent}; make it first")
        numbers = {}
        for key, default, least in (("problems", 2000, 1), ("seed", 1, 0)):
            try:
                numbers[key] = int(given.get(key, default))
            except ValueError:
                numbers[key] = -1
            if numbers[key] < least:
                problems.append(f"{key}: found {given[key]!r}; accepted: a whole number from {least}")
        for key, accepted in (("split", ("id", "ood")), ("tokens", ("full", "budget"))):
            if given.get(key, accepted[0]) not in accepted:
                problems.append(f"{key}: found {given[key]!r}; accepted: {', '.join(accepted)}")
        budgets: tuple[float, ...] = BUDGETS
        if "budgets" in given:
            try:
                budgets = tuple(float(text) for text in given["budgets"].strip("[]").split(","))
            except ValueError:
                budgets = ()
            if not budgets or budgets[0] != 1 or list(budgets) != sorted(set(budgets), reverse=True) or budgets[-1] <= 0:
                problems.append(f"budgets: found {given['budgets']!r}; accepted: numbers falling from 1, all above 0, such as 1,0.8,0.6")
        if problems:
            raise ConfigError(*problems)
        return cls(
            given["checkpoint"], output, given.get("model") or output.stem.removesuffix("-l2a"), numbers["problems"],
            given.get("split", "id"), numbers["seed"], budgets, given.get("tokens", "full"),
            f"python -m cloudsim profile l2a {' '.join(words)}",
        )  # fmt: skip
