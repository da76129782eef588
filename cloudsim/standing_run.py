"""A finished run that answers a configuration already, so that it need not run again."""

import inspect
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from cloudsim import __version__
from cloudsim.composition.components import POLICIES, import_target
from cloudsim.config import Component, RunConfig
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


def source_digests(config: RunConfig) -> dict[str, str]:
    """By `_target_`, the SHA-256 of the file that has the policy; files that it imports are not looked at."""
    digests = {}
    for contender in config.contenders.values():
        for kind in POLICIES:
            part = getattr(contender, kind, None)
            if isinstance(part, Component):
                file = inspect.getsourcefile(import_target(part.target))
                digests[part.target] = sha256(Path(file).read_bytes()).hexdigest() if file else ""
    return dict(sorted(digests.items()))
