"""The finished model of a training: weights as safetensors, tokenizer and model card."""

from collections.abc import Mapping
from copy import deepcopy
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ModelError
from cloudsim.l2a.model_folder import CARD, loading, whole_folder, without_bars
from cloudsim.l2a.tasks.batches import Mixture
from cloudsim.l2a.weights_folder import DENSE, embedded

if TYPE_CHECKING:
    from torch.nn import Module

    from cloudsim.l2a.data.problem_source import ProblemSource
    from cloudsim.l2a.training.stage import Stage

PROCEDURAL = """
It knows only their words. A prompt is `<bos> <full> QUESTION <think>`, and the model goes on with
`CHAIN </think> <answer> ANSWER </answer> <eos>`; `<terse>` and `<direct>` in place of `<full>` ask for a shorter chain or none.
"""


def write_model(stage: "Stage", source: "ProblemSource", folder: Path, bf16: bool, manifest: Mapping[str, Any]) -> None:
    """Write the model of a stage with its tokenizer and a model card; an earlier `folder` is replaced at once.

    Args:
        stage: the last one; writes its model itself where it has a method `write`.
        source: of its problems.
        bf16: write the weights in bfloat16.
        manifest: of the training, for the model card.
    """
    import torch

    dtype = torch.bfloat16 if bf16 else None
    commands = "\n".join(dict.fromkeys(each["command"] for each in manifest["sessions"]))
    with whole_folder(folder) as partial:
        if write := getattr(stage, "write", None):
            write(partial, dtype)
        else:
            written: Any = deepcopy(stage.model).to(dtype=dtype)
            with without_bars():
                written.save_pretrained(partial)
            source.tokenizer.save_pretrained(partial)
        card = partial / CARD
        parameters = sum(parameter.numel() for parameter in stage.model.parameters())
        about = card.read_text(encoding="utf-8") if card.exists() else _about(manifest["name"], source, parameters, bf16)
        card.write_text(f"{about}\n{_making(manifest, commands)}", encoding="utf-8")


def file_sizes(folder: Path) -> dict[str, Any]:
    """Bytes and sha256 of each weights file."""
    sizes = {}
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as content:
            sizes[path.name] = {"bytes": path.stat().st_size, "sha256": file_digest(content, "sha256").hexdigest()}
    return sizes


def load_dense(path: str | None = None) -> "Module":
    """The dense model in `path`, as the start of a training: `base._target_: cloudsim.l2a.training.finished_model.load_dense`.

    Args:
        path: a folder as `transformers` writes it; None for the model that comes with the program.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    import torch
    from transformers import AutoModelForCausalLM

    path = str(embedded() / DENSE) if path is None else path
    if not (Path(path) / "config.json").is_file():
        raise ModelError(f"{path}: holds no model (it has no config.json); give the model/ folder of a finished training")
    model: Module
    try:
        with loading(path):
            model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, local_files_only=True, attn_implementation="eager")
    except Exception as error:
        raise ModelError(f"{path}: cannot be read ({' '.join(str(error).split())}); copy or train it again") from error
    return model


def _about(name: str, source: "ProblemSource", parameters: int, bf16: bool) -> str:
    """The model card of a dense model."""
    return f"""---
library_name: transformers
tags: [cloudsim, reasoning]
---
# {name}

A model of {parameters:,} parameters ({"bfloat16" if bf16 else "float32"}), trained on {source.about}.
{PROCEDURAL if isinstance(source, Mixture) else ""}"""


def _making(manifest: Mapping[str, Any], commands: str) -> str:
    """The part of a model card that says how a model was trained."""
    first = manifest["sessions"][0]
    machine = first["machine"]
    stages = "\n".join(
        f"| {name} | {stage['steps']:,} | {stage['tokens']:,} | {stage['hours']:.3g} | {stage['figures'].get('loss', float('nan')):.4g} |"
        for name, stage in manifest["stages"].items()
    )
    versions = ", ".join(f"{name} {version}" for name, version in first["packages"].items())
    return f"""## How it was made

```
{commands}
```

| stage | steps | tokens | hours | loss at the end |
|---|---|---|---|---|
{stages}

- Seed {manifest["seed"]}, data seed {manifest["data_seed"]}.
- Machine: {machine["processor"]}, {machine["device"]}; processes: {machine["processes"]}, threads of each: {machine["threads"]}.
- cloudsim {first["cloudsim_version"]}, Python {first["python"]}, {versions}.

The problems of a step follow from the data seed; an eighth of all questions, chosen by their text, is kept for evaluation.
"""
