"""Where the network of a measured profile lies, and whether it is the one that was measured."""

import os
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsim.errors import ModelError
from cloudsim.models.measured import MeasuredProfile, measured_path

if TYPE_CHECKING:
    from cloudsim.l2a.live.network import LiveNetwork

EMBEDDED = "embedded"


def checkpoint_folder(path: str, beside: Path) -> Path:
    """The folder that `path` names: `embedded/NAME` in the package, else one relative to `beside`.

    Raises:
        ModelError: there is no model in it.
    """
    inside = path.split("/", 1)
    folder = Path(str(files("cloudsim.l2a"))) / path if inside[0] == EMBEDDED and len(inside) == 2 else beside / path
    if not (folder / "config.json").is_file():
        raise ModelError(f"checkpoint {path}: {folder} holds no model (it has no config.json); give a folder that a training wrote")
    return folder


def checkpoint_name(path: str, beside: Path) -> str:
    """How a profile in the folder `beside` names a checkpoint that was given as `path` on the command line."""
    return path if path.split("/", 1)[0] == EMBEDDED else os.path.relpath(Path(path).resolve(), beside.resolve())


def checkpoint_sha256(folder: Path) -> str:
    """Digest of a checkpoint: of the names and bytes of its configuration and its weights."""
    digest = sha256()
    for path in sorted([folder / "config.json", *folder.glob("*.safetensors")]):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def network_of(profile: MeasuredProfile, measured: str | None) -> "LiveNetwork":
    """The network that a profile was measured on, loaded once in a process.

    Args:
        measured: folder of the profile, None for the catalogue.

    Raises:
        ModelError: it is missing, cannot be read, or has other weights than were measured.
    """
    folder = checkpoint_folder(profile.checkpoint.path, measured_path(measured, profile.name).parent)
    found = checkpoint_sha256(folder)
    if found != profile.checkpoint.sha256:
        raise ModelError(
            f"{folder}: its weights have the sha256 {found[:12]}…, and profile {profile.name} was measured on "
            f"{profile.checkpoint.sha256[:12]}…; measure it again: {profile.command}"
        )
    return _loaded(folder, found)


@cache
def _loaded(folder: Path, digest: str) -> "LiveNetwork":
    from cloudsim.l2a.live.network import load_network

    return load_network(folder)
