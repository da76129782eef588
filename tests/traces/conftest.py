"""Fixtures of the trace tests: the real data folder, and sources built from the shipped configuration."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def data_folder(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the real data files; a test that needs it is skipped without it, but fails where CI=true."""
    folder = Path(os.environ.get("CLOUDSIM_DATA") or REPOSITORY / "../shared/data").resolve()
    if not folder.is_dir():
        reason = f"no real data files: {folder} does not exist; set CLOUDSIM_DATA"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    monkeypatch.setenv("CLOUDSIM_DATA", str(folder))
    return folder


@pytest.fixture(scope="session")
def preset() -> Callable[..., Any]:
    """Builds a source from `experiments/<group>/<name>.yaml` as Hydra does, with some options replaced."""
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    def build(group: str, name: str, **replaced: Any) -> Any:
        return instantiate(OmegaConf.merge(OmegaConf.load(REPOSITORY / "experiments" / group / f"{name}.yaml"), replaced))

    return build
