"""Folders of models: they appear under their name when they are whole, and replace nothing but an earlier model."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
SLOW_BYTES = 1 << 30
"""Weights from here on are read with a progress bar."""
# What a model folder may hold; another file in it is somebody's work.
MODEL_FILES = ("*.json", "*.safetensors", "*.txt", "*.jinja", "*.model", CARD)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside `folder` to write in; it takes the name of `folder` at the end, or vanishes if anything fails.

    Raises:
        ModelError: `folder` is a file, or holds something that is not part of a model.
    """
    _check_replaceable(folder)
    partial, former = (folder.with_name(f".{folder.name}.{kind}-{os.getpid()}") for kind in ("writing", "former"))
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if folder.exists():
            folder.rename(former)
        try:
            partial.rename(folder)
        except OSError:
            if former.exists():
                former.rename(folder)
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(former, ignore_errors=True)


@contextmanager
def without_bars() -> Iterator[None]:
    """Keep the progress bars of transformers from the terminal, where they would run into ours."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def loading(place: str | Path) -> AbstractContextManager[None]:
    """Progress bars of transformers only where weights take long to read, or come from elsewhere."""
    folder = Path(place)
    quick = folder.is_dir() and sum(path.stat().st_size for path in folder.glob(f"*{Path(WEIGHTS).suffix}")) < SLOW_BYTES
    return without_bars() if quick else nullcontext()


def write_tensors(path: Path, tensors: "dict[str, Tensor]") -> None:
    """Write tensors as safetensors."""
    from safetensors.torch import save_file

    save_file({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})


def read_tensors(path: Path) -> "dict[str, Tensor]":
    """Read a safetensors file.

    Raises:
        ModelError: it is missing, truncated or of another format.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except FileNotFoundError:
        raise ModelError(f"{path}: is missing; a saved model has its weights there; copy or save it again") from None
    except (SafetensorError, OSError) as error:
        size = path.stat().st_size
        raise ModelError(f"{path}: its {size} bytes are no whole safetensors file ({error}); copy or save it again") from None


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration in a model folder.

    Raises:
        ModelError: there is none, or it is no JSON object.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise ModelError(f"{folder}: holds no model (it has no {CONFIG}); give a folder that save_pretrained wrote")
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: is no JSON ({error}); copy or save the model again") from None
    if not isinstance(described, dict):
        raise ModelError(f"{path}: holds a {type(described).__name__}, not an object; copy or save the model again")
    return described


def _check_replaceable(folder: Path) -> None:
    if folder.is_dir():
        foreign = [path.name for path in sorted(folder.iterdir()) if path.is_dir() or not any(map(path.match, MODEL_FILES))]
        if foreign:
            named = ", ".join(foreign[:3])
            raise ModelError(f"{folder}: holds {named}, no part of a model, which would be lost; choose another folder or empty this one")
    elif folder.exists():
        raise ModelError(f"{folder}: is a file; a model is saved in a folder of its own; choose another name")
