"""Finds the weights an evaluation can measure, and says how to make those that are absent."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import file_digest, sha256
from importlib.resources import files
from pathlib import Path

from cloudsim.errors import ModelError
from cloudsim.l2a.model_folder import read_config

DENSE, NESTED, FAITHFUL, SMALLER, HEALED = "dense", "nested", "faithful", "smaller_dense", "healed"
RANDOM_DROP, FLEXIDEPTH = "random_drop", "flexidepth"
RECIPES = {part: part for part in (NESTED, FAITHFUL, SMALLER, HEALED, RANDOM_DROP, FLEXIDEPTH)} | {DENSE: "tiny_reasoner"}
"""The training recipe that makes each part."""


def embedded() -> Path:
    """The folder of the models that come with the program."""
    return Path(str(files("cloudsim.l2a"))) / "embedded"


@dataclass(frozen=True)
class WeightsFolder:
    """A folder laid out as the embedded models are, or a single elastic model.

    `dense/` and `smaller_dense/` (plain models of `transformers`), `nested/` and `faithful/` (elastic models), and
    `healed/<method>-<percent>.safetensors` with the mask, or the shape of routers, in `.json` beside it; a part may be
    absent, `dense/` may not.

    Args:
        path: the folder; for a single elastic model, its own folder, whose base is the dense model.

    Raises:
        ModelError: there are no weights in it.
    """

    path: Path

    def __post_init__(self) -> None:
        if not self.path.is_dir():
            raise ModelError(f"{self.path}: no such folder; give the folder of an elastic model, or one with the folder dense/ in it")
        if DENSE not in self.parts:
            raise ModelError(f"{self.path}: holds no elastic model (config.json) and no folder dense/; {how_to_make(DENSE)}")

    @cached_property
    def parts(self) -> dict[str, Path]:
        """The folder of each model that is there, by its part."""
        single = self.path / "config.json"
        if not single.is_file():
            return {part: self.path / part for part in (DENSE, NESTED, FAITHFUL, SMALLER) if (self.path / part / "config.json").is_file()}
        config = read_config(self.path)
        if config.get("model_type") != "l2a":
            return {DENSE: self.path}
        return {DENSE: self._base(config), str(config.get("mode", NESTED)): self.path}

    def _base(self, config: dict[str, object]) -> Path:
        named = config.get("base_path")
        base = (self.path / named).resolve() if isinstance(named, str) else None
        if base is None or not (base / "config.json").is_file():
            raise ModelError(f"{self.path}/config.json: base_path is {named!r}, where no model is; put the base model there")
        return base

    def adapter(self, method: str, budget: float | None) -> Path | None:
        """The adapters healed for one method and budget (None: for all of them); None where there are none."""
        path = self.path / HEALED / f"{adapter_name(method, budget)}.safetensors"
        return path if path.is_file() and path.with_suffix(".json").is_file() else None

    def digest(self, *paths: Path) -> str:
        """A hash of the contents of model folders and files."""
        found = sha256()
        for path in paths:
            for file in sorted(path.glob("*.safetensors")) + sorted(path.glob("config.json")) if path.is_dir() else [path]:
                with file.open("rb") as content:
                    found.update(f"{file.name} {file_digest(content, 'sha256').hexdigest()}\n".encode())
        return found.hexdigest()


def adapter_name(method: str, budget: float | None) -> str:
    """Name of a healed adapter's files, without ending; one without a budget serves all of them."""
    return method if budget is None else f"{method}-{round(100 * budget)}"


def how_to_make(part: str) -> str:
    """The command that makes a part, or the adapters of a method at a budget (`static-60`)."""
    method, _, percent = part.partition("-")
    words = f"+recipe={RECIPES.get(method, HEALED)}"
    if percent:
        stage = "routing" if method == FLEXIDEPTH else "healing"
        chosen = "" if method == FLEXIDEPTH else f" stages.healing.method={method}"
        words += f"{chosen} stages.{stage}.budget={int(percent) / 100:g}"
    return f"torchrun --standalone --nproc_per_node 2 -m cloudsim train {words} makes it"
