"""The run folder: what a finished run leaves, and how it is read.

`config.yaml` (the resolved configuration), `manifest.json` (versions, seeds, inputs, digests), `requests.parquet`,
`nodes.parquet`, `timeline.parquet`, `changes.parquet`, `decisions.parquet` (columns: `cloudsim.metrics.tables`),
`summary.json` and `report.html`. The manifest is put in place last of all, so a folder that has one is whole.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ResultError
from cloudsim.parquet import TABLES

if TYPE_CHECKING:
    import pandas as pd

RequestParts = Callable[[str, Sequence[str]], Iterable["pd.DataFrame"]]
"""`RunFolder.request_parts`."""

SCHEMA_VERSION = 3
MANIFEST, SUMMARY, CONFIG, REPORT = "manifest.json", "summary.json", "config.yaml", "report.html"
UNSEALED = "manifest.partial.json"
"""Name of the manifest until the folder is whole and has its final name."""

DATA = (CONFIG, SUMMARY, *(f"{name}.parquet" for name in TABLES))
"""What the manifest vouches for with a digest; the report can be made again from it."""


@dataclass(frozen=True)
class RunFolder:
    """A whole run folder. The tables are read when they are first asked for, as pandas frames.

    Args:
        path: the folder.
        manifest: versions, seeds, contenders, inputs with provenance, digests.
        summary: `contenders.<name>.<metric>` with mean, ci95, seeds and difference.
        config: the resolved configuration.
    """

    path: Path
    manifest: dict[str, Any]
    summary: dict[str, Any]
    config: dict[str, Any]
    _compared: set[Path] = field(default_factory=set, init=False, repr=False, compare=False)

    @cached_property
    def requests(self) -> "pd.DataFrame":
        """One row a request, contender and replication; columns `cloudsim.metrics.tables.REQUESTS`."""
        return self._table("requests")

    @cached_property
    def nodes(self) -> "pd.DataFrame":
        """One row a node; columns `cloudsim.metrics.tables.NODES`."""
        return self._table("nodes")

    @cached_property
    def changes(self) -> "pd.DataFrame":
        """One row a change of the hardware under a replica; columns `cloudsim.metrics.tables.CHANGES`."""
        return self._table("changes")

    @cached_property
    def decisions(self) -> "pd.DataFrame":
        """One row a decision that was logged; columns `cloudsim.metrics.tables.DECISIONS`."""
        return self._table("decisions")

    @cached_property
    def timeline(self) -> "pd.DataFrame":
        """One row an interval; columns `cloudsim.metrics.tables.TIMELINE`."""
        return self._table("timeline")

    def request_parts(self, contender: str, columns: Sequence[str]) -> Iterator["pd.DataFrame"]:
        """The requests of one contender, some hundred thousand at a time: a long run does not fit the memory at once.

        Args:
            columns: of `cloudsim.metrics.tables.REQUESTS`.
        """
        from pyarrow.parquet import ParquetFile

        with ParquetFile(self._vouched("requests")) as file:
            of_contender = file.schema_arrow.get_field_index("contender")
            for group in range(file.num_row_groups):
                held = file.metadata.row_group(group).column(of_contender).statistics
                if held is not None and held.has_min_max and not held.min <= contender <= held.max:
                    continue
                part = file.read_row_group(group, ["contender", *columns]).to_pandas()
                yield part.loc[part.pop("contender") == contender]

    def _table(self, name: str) -> "pd.DataFrame":
        import pandas as pd

        return pd.read_parquet(self._vouched(name))

    def _vouched(self, name: str) -> Path:
        """The file of a table, whose bytes were compared with the manifest's digest once."""
        file = self.path / f"{name}.parquet"
        if file not in self._compared:
            if digest(file) != self.manifest["files"][file.name]["sha256"]:
                raise ResultError(f"{file}: its bytes are not those the manifest vouches for; run the experiment again")
            self._compared.add(file)
        return file


def load(path: Path | str) -> RunFolder:
    """Open a run folder.

    Raises:
        ResultError: no such folder, not a run folder, half of one, or one of another version.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ResultError(f"{folder}: no such folder; give the folder of a finished run, such as runs/demo")
    manifest = _json(folder / (UNSEALED if is_partial(folder) else MANIFEST), folder)
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION:
        writer = manifest.get("cloudsim_version", "an unknown version")
        raise ResultError(
            f"{folder}: run folder of version {version}, written by cloudsim {writer}; accepted: version {SCHEMA_VERSION}; "
            "run the experiment again, or read it with that cloudsim"
        )
    missing = [name for name in DATA if not (folder / name).is_file()]
    if missing:
        raise ResultError(f"{folder}: {', '.join(missing)} missing; the folder is incomplete, run the experiment again")
    import yaml

    config: dict[str, Any] = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    return RunFolder(folder, manifest, _json(folder / SUMMARY, folder), config)


def is_partial(folder: Path) -> bool:
    """Whether `folder` is still being written; only the run that writes it may read it."""
    return re.search(r"\.partial-\d+$", folder.name) is not None


def digest(file: Path) -> str:
    """The sha256 of a file, in hex."""
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _json(file: Path, folder: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        runs = sorted(child.name for child in folder.iterdir() if (child / MANIFEST).is_file())
        hint = f"give one of the runs in it: {', '.join(runs)}" if runs else "it is no run folder, or its run did not end; run it again"
        raise ResultError(f"{folder}: no {file.name}; {hint}") from None
    except ValueError as error:
        raise ResultError(f"{file}: not JSON ({error}); the folder is damaged, run the experiment again") from None
    if not isinstance(loaded, dict):
        raise ResultError(f"{file}: found {type(loaded).__name__}, not a JSON object; the folder is damaged, run the experiment again")
    return loaded
