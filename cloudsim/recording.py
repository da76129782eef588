"""Writes a run folder so that a run which is killed at any moment leaves nothing that looks whole.

Everything goes to a folder beside the final one, `<name>.partial-<process id>`. Once it is complete it takes the final name,
and only then the manifest takes its own name: that last renaming makes the run exist.
"""

import json
import os
import platform
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from glob import escape
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cloudsim import __version__
from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError
from cloudsim.experiment import Outcome
from cloudsim.metrics.request_table import RequestTable
from cloudsim.parquet import TABLES, TableWriter
from cloudsim.policy_errors import Breaches
from cloudsim.results import CONFIG, DATA, MANIFEST, REPORT, SCHEMA_VERSION, SUMMARY, UNSEALED, digest
from traces.provenance import Source, weakest

FAILED = "failed.json"
"""What a job of a sweep leaves when it fails."""

PACKAGES = ("numpy", "scipy", "simpy", "pandas", "pyarrow", "pydantic", "hydra-core", "omegaconf", "plotly")


class RunRecorder:
    """A run folder in the making; a context manager that leaves nothing behind unless `commit` was reached.

    Args:
        folder: the final folder: new, empty, or an earlier run, which is replaced.
        config: the configuration of the run.

    Attributes:
        partial: the folder in the making.
        scratch: folder in it for tables on their way; see `cloudsim.simulation.simulate`.

    Raises:
        ConfigError: `folder` holds files that are no run of ours.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        if problems := folder_problems(folder):
            raise ConfigError(*problems)
        self._final, self._config = Path(os.path.realpath(folder)), config
        self.partial = self._final.with_name(f"{self._final.name}.partial-{os.getpid()}")
        self.scratch = self.partial / "scratch"
        self._sources: dict[Source, None] = {}
        self._breaches: dict[tuple[str, str, str], Breaches] = {}
        self._events, self._loop_cpu_s = 0, 0.0
        self._started_s = time.perf_counter()

    def __enter__(self) -> Self:
        self._final.parent.mkdir(parents=True, exist_ok=True)
        remove_remains(self._final)
        self.scratch.mkdir(parents=True)
        self._files = ExitStack()
        self._tables = {name: self._files.enter_context(TableWriter(self.partial / f"{name}.parquet", name)) for name in TABLES}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._files.close()
        shutil.rmtree(self.partial, ignore_errors=True)

    def add(self, outcome: Outcome) -> None:
        """Append the tables of one task and let go of its requests; tasks come in their order."""
        tables, task = outcome.tables, outcome.task
        for name, writer in self._tables.items():
            for part in tables.parts(name):
                writer.add(task.contender, task.replication, part)
        self._sources.update(dict.fromkeys(tables.sources))
        for one in tables.breaches:
            known = self._breaches.setdefault((task.contender, one.kind, one.policy), replace(one, count=0))
            known.count += one.count
        self._events += tables.events
        self._loop_cpu_s += tables.loop_cpu_s
        if isinstance(tables.requests, RequestTable):
            tables.requests.discard()

    def complete(self, summary: Mapping[str, Any]) -> None:
        """Write everything but the report; `partial` can be read from now on."""
        self._files.close()
        self.scratch.rmdir()
        write_json(self.partial / SUMMARY, summary)
        import yaml

        tree = self._config.model_dump(mode="json", by_alias=True)
        (self.partial / CONFIG).write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")
        write_json(self.partial / UNSEALED, self._manifest())

    def commit(self) -> None:
        """Give the folder its name, and then the manifest."""
        former = self._final.with_name(f"{self._final.name}.old-{os.getpid()}")
        if self._final.exists():
            self._final.rename(former)
        self.partial.rename(self._final)
        (self._final / UNSEALED).replace(self._final / MANIFEST)
        shutil.rmtree(former, ignore_errors=True)

    def _manifest(self) -> dict[str, Any]:
        rows = {f"{name}.parquet": writer.rows for name, writer in self._tables.items()}
        return {
            "schema_version": SCHEMA_VERSION,
            "cloudsim_version": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": {name: metadata.version(name) for name in PACKAGES},
            "seed": self._config.seed,
            "seeds": self._config.seeds,
            "contenders": list(self._config.contenders),
            "inputs": inputs(self._sources),
            "weakest_provenance": str(weakest(self._sources)),
            "breaches": [
                {"contender": contender, "kind": kind, "policy": policy, "count": one.count, "first": one.first}
                for (contender, kind, policy), one in self._breaches.items()
            ],
            "files": {name: {"sha256": digest(self.partial / name), "rows": rows.get(name)} for name in DATA},
            "events": self._events,
            "loop_cpu_s": self._loop_cpu_s,
            "wall_s": time.perf_counter() - self._started_s,
        }


def inputs(sources: Iterable[Source]) -> list[dict[str, Any]]:
    """The sources of a run as the manifest lists them."""
    return [{"name": one.name, "provenance": str(one.provenance), "origin": one.origin, "sha256": one.sha256} for one in sources]


def write_json(file: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document; NaN is refused, since JSON has none."""
    file.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def folder_problems(folder: Path) -> list[str]:
    """Why a run may not be written to `folder`; nothing if it may.

    It must be new, empty, or an earlier run with nothing else in it: a folder with other files is never deleted.
    """
    other = "choose another output_dir"
    for parent in folder.absolute().parents:
        if parent.exists():
            if not parent.is_dir():
                return [f"output_dir: {parent} is a file, so {folder} cannot be made; {other}"]
            if not os.access(parent, os.W_OK | os.X_OK):
                return [f"output_dir: {parent} may not be written to; {other}"]
            break
    if not folder.exists():
        return []
    if not folder.is_dir():
        return [f"output_dir: {folder} is a file; {other}"]
    names = {child.name for child in folder.iterdir()}
    if not names:
        return []
    ours = {*DATA, REPORT, MANIFEST, UNSEALED, FAILED}
    foreign = sorted(names - ours)
    if foreign or not names & {MANIFEST, UNSEALED, FAILED}:
        shown = foreign or sorted(names)
        listed = ", ".join(shown[:3]) + (", …" if len(shown) > 3 else "")
        return [f"output_dir: {folder} holds files that are no run of cloudsim ({listed}); {other} or empty it"]
    return []


def remove_remains(folder: Path) -> None:
    """Delete what killed runs with the same final folder left beside it."""
    for kind in ("partial", "old"):
        for remains in folder.parent.glob(f"{escape(folder.name)}.{kind}-*"):
            process = remains.name.rpartition("-")[2]
            if process.isdigit() and not _runs(int(process)):
                shutil.rmtree(remains, ignore_errors=True)


def _runs(process: int) -> bool:
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
