"""What `python -m cloudsim profile latency` is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudsim.composition.words import read_words
from cloudsim.errors import CloudsimError, ConfigError
from cloudsim.models.gpu import Gpu, find_gpu
from cloudsim.models.hugging_face import find_spec_or_folder
from cloudsim.models.spec import BYTES_PER_WEIGHT, ModelSpec

KEYS = {
    "model": "a model of the catalogue, or a folder with a config.json (needed)",
    "gpu": "a GPU of the catalogue (needed)",
    "output": "folder to write to; the file is named after what it holds (needed)",
    "precision": "bf16 or fp8 (bf16)",
    "tp": "GPUs of one replica (1)",
    "decode": "CSV file with your measurements of decode steps: batch, kv, ms; without it the operator tables are read",
    "prompts": "CSV file with your measurements of steps with one prompt: prompt, ms",
    "source": "what was measured, with which program (needed with decode and prompts)",
}


@dataclass(frozen=True, slots=True)
class LatencyOptions:
    """One measurement of step times; the keys are those of `KEYS`."""

    model: ModelSpec
    gpu: Gpu
    output: Path
    precision: str
    tensor_parallel: int
    decode: Path | None
    prompts: Path | None
    source: str | None

    @classmethod
    def parse(cls, words: Sequence[str]) -> "LatencyOptions":
        """Read KEY=VALUE words; `ConfigError` with everything that is wrong with them."""
        given, problems = read_words(words, KEYS, ("model", "gpu", "output"))
        found: dict[str, object] = {}
        for key, find in (("model", find_spec_or_folder), ("gpu", find_gpu)):
            try:
                found[key] = find(given[key]) if given.get(key) else None
            except CloudsimError as error:
                problems += error.problems
        precision = given.get("precision", "bf16")
        if precision not in BYTES_PER_WEIGHT:
            problems.append(f"precision: found {precision!r}; accepted: {', '.join(BYTES_PER_WEIGHT)}")
        gpus = given.get("tp", "1")
        tensor_parallel = int(gpus) if gpus.isdigit() else 0
        if tensor_parallel < 1:
            problems.append(f"tp: found {gpus!r}; accepted: a whole number from 1")
        own = [key for key in ("decode", "prompts", "source") if given.get(key)]
        if own and len(own) < 3:
            lacking = [key for key in ("decode", "prompts", "source") if not given.get(key)]
            problems += [f"{key}: missing; your own measurements are decode, prompts and their source together" for key in lacking]
        if problems:
            raise ConfigError(*problems)
        model, gpu = found["model"], found["gpu"]
        assert isinstance(model, ModelSpec)
        assert isinstance(gpu, Gpu)
        paths = [Path(given[key]) if given.get(key) else None for key in ("decode", "prompts")]
        return cls(model, gpu, Path(given["output"]), precision, tensor_parallel, paths[0], paths[1], given.get("source"))
