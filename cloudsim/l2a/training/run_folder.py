"""The folder of a training: who may write to it, what was asked for, and what became of it."""

import fcntl
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from cloudsim import __version__
from cloudsim.atomic_file import replace_text
from cloudsim.errors import ConfigError
from cloudsim.l2a.training.checkpoint import STATE

SCHEMA_VERSION = 1
CONFIG, MANIFEST, CURVES, MODEL, LOCK = "config.yaml", "manifest.json", "curves.html", "model", ".lock"
FREE = ("json", "output_dir")
"""Keys that may differ between two sessions of one training."""

PACKAGES = ("torch", "transformers", "accelerate", "peft", "safetensors", "tokenizers", "numpy", "pydantic", "hydra-core")


@dataclass(frozen=True, slots=True)
class TrainingFolder:
    """The folder of one training.

    `config.yaml`, `manifest.json`, `curves.html`, a folder with the log and the checkpoints of each stage, and `model/` at the end.

    Args:
        path: the folder.
        tree: the composed configuration.
    """

    path: Path
    tree: Mapping[str, Any]

    @property
    def model(self) -> Path:
        """Where the finished model is."""
        return self.path / MODEL

    @property
    def curves(self) -> Path:
        """The page of its curves."""
        return self.path / CURVES

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint to lose."""
        return any(self.path.glob(f"*/step-*/{STATE}"))

    def problems(self) -> list[str]:
        """Why the training may not start or go on here; nothing is written."""
        for place in (self.path, *self.path.absolute().parents):
            if place.exists():
                if not place.is_dir():
                    return [f"output_dir: {place} is a file; choose another output_dir"]
                if not os.access(place, os.W_OK | os.X_OK):
                    return [f"output_dir: {place} may not be written to; choose another output_dir"]
                break
        if not self.path.exists():
            return []
        names = {path.name for path in self.path.iterdir() if not path.name.startswith(".")}
        if CONFIG not in names and names - set(self.tree["stages"]):
            listed = ", ".join(sorted(names - set(self.tree["stages"]))[:3])
            return [f"output_dir: {self.path} holds files that are no training of cloudsim ({listed}); choose another output_dir"]
        return self._differences() if CONFIG in names and self.begun else []

    def open(self) -> dict[str, Any]:
        """Write what is asked for, and return the manifest of the sessions before this one; empty if they left no checkpoint."""
        if not self.begun or not (self.path / CONFIG).exists():
            replace_text(self.path / CONFIG, yaml.safe_dump(dict(self.tree), sort_keys=False, allow_unicode=True))
        path = self.path / MANIFEST
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() and self.begun else {}
        return read

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other trainings out of the folder; the lock ends with the process, however it ends.

        Raises:
            ConfigError: another training writes to it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ConfigError(f"output_dir: another training is writing to {self.path}; wait for it, or choose another") from None
            yield

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Replace the manifest."""
        replace_text(self.path / MANIFEST, json.dumps(manifest, indent=1, allow_nan=False) + "\n")

    def _differences(self) -> list[str]:
        path = self.path / CONFIG
        try:
            former = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            former = None
        if not isinstance(former, dict):
            return [f"{path}: cannot be read as the configuration of a training; choose another output_dir"]
        found = _compare(_without(former, FREE), _without(self.tree, FREE), "")
        if not found:
            return []
        advice = "take the former values to go on with it, or choose another output_dir for a new one"
        return [f"output_dir: {self.path} holds a training with another configuration; {advice}", *found]


def session(command: str, processes: int, device: str, threads: int) -> dict[str, Any]:
    """When, where and with what a session of a training was started."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "cloudsim_version": __version__,
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "machine": {
            "platform": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "device": device,
            "processes": processes,
            "threads": threads,
        },
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


def _without(tree: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if key not in keys}


def _compare(former: Any, now: Any, path: str) -> list[str]:
    """One line for each key that differs."""
    if isinstance(former, Mapping) and isinstance(now, Mapping):
        keys = list(dict.fromkeys([*former, *now]))
        lines = [line for key in keys for line in _compare(former.get(key), now.get(key), f"{path}.{key}" if path else str(key))]
        if not lines and list(former) != list(now) and path == "stages":
            return [f"{path}: {', '.join(former)} there, in another order now"]
        return lines
    return [] if former == now else [f"{path}: {former!r} there, {now!r} now"]
