"""The folder of a trained budget policy: `policy.json` says what it is and what it sees, `weights.npz` has arrays. Nothing is unpickled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from cloudsim.atomic_file import replace_text
from cloudsim.learning.budget_decider import BudgetTask

POLICY, WEIGHTS = "policy.json", "weights.npz"
SCHEMA_VERSION = 1

Arrays = Mapping[str, NDArray[Any]]


class TrainedPolicy(NamedTuple):
    """A trained policy as it is stored.

    Args:
        task: what it was trained for.
        document: its whole `policy.json`.
        arrays: its weights; empty where it has none.
    """

    task: BudgetTask
    document: Mapping[str, Any]
    arrays: Arrays


def write_policy(folder: Path, kind: str, task: BudgetTask, more: Mapping[str, Any], arrays: Arrays | None = None) -> None:
    """Write a trained policy.

    Args:
        kind: "network" or "q_table".
        more: further keys of `policy.json`.
        arrays: its weights, if it has any.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if arrays is not None:
        partial = folder / f".{WEIGHTS}"
        with partial.open("wb") as file:
            np.savez(file, **dict(arrays))  # type: ignore[arg-type]
        partial.replace(folder / WEIGHTS)
    document = {"schema_version": SCHEMA_VERSION, "kind": kind, **task.document(), **more}
    replace_text(folder / POLICY, json.dumps(document) + "\n")


def read_policy(folder: Path, kind: str) -> TrainedPolicy:
    """Read a trained policy of a kind.

    Raises:
        ValueError: the folder has none, or one that is damaged or sees what this version does not make; the message says which.
    """
    path = folder / POLICY
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        task = BudgetTask(tuple(document["budgets"]), document["tiers"], document["hold_s"])
        found = document["schema_version"], document["kind"]
    except FileNotFoundError:
        raise ValueError(
            f"{folder} has no {POLICY}; give a folder that `python -m cloudsim learn` wrote, such as runs/policy/policy"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} cannot be read ({type(error).__name__}: {error}); train the policy again") from None
    if found != (SCHEMA_VERSION, kind):
        raise ValueError(f"{path} has a policy of kind {found[1]!r}, schema {found[0]}; accepted here: {kind!r}, schema {SCHEMA_VERSION}")
    if document.get("features") != task.features:
        raise ValueError(f"{path} sees other features than this version of cloudsim makes; train the policy again")
    return TrainedPolicy(task, document, _arrays(folder / WEIGHTS) if kind == "network" else {})


def _arrays(path: Path) -> Arrays:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, BadZipFile, KeyError, EOFError, TypeError) as error:
        raise ValueError(f"{path} cannot be read ({type(error).__name__}: {error}); train the policy again") from None
