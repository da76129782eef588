"""A finished run that answers a configuration already, so that it need not run again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloudsim import __version__
from cloudsim.config import RunConfig
from cloudsim.errors import ResultError
from cloudsim.results import RunFolder, load

IRRELEVANT = {"output_dir", "workers", "json"}
"""Keys that do not change the tables of a run."""


def standing_run(folder: Path, config: RunConfig) -> RunFolder | None:
    """The run in `folder` if it is whole, has this configuration and was made by this version; the code of policies is not looked at."""
    try:
        found = load(folder)
    except ResultError:
        return None
    same = relevant(found.config) == relevant(config.model_dump(mode="json", by_alias=True))
    return found if same and found.manifest.get("cloudsim_version") == __version__ else None


def relevant(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a configuration that change the tables of a run."""
    return {name: value for name, value in tree.items() if name not in IRRELEVANT}
