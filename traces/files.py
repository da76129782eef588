"""Real data files: where they lie, and the digest of what was read.

Files are found below the folder named by the environment variable CLOUDSIM_DATA, else below `../shared/data` of the current
directory; and then in the cache, where `traces fetch` puts them. None is part of this project.
"""

import os
from hashlib import file_digest
from pathlib import Path

from traces.catalogue import data_set_of
from traces.errors import TraceError

FOLDER_VARIABLE = "CLOUDSIM_DATA"
CACHE_VARIABLE = "CLOUDSIM_CACHE"
DEFAULT_FOLDER = "../shared/data"
DATA_SUFFIXES = (".csv", ".json", ".jsonl", ".txt", ".parquet", ".gz", ".zst")


def data_folder() -> Path:
    """The folder that holds the data sets; it need not exist."""
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)


def cache_folder() -> Path:
    """Where fetched traces lie: CLOUDSIM_CACHE, else the user's cache folder. It need not exist."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cloudsim" / "traces"


def data_path(relative: str) -> Path:
    """The path of a data file, or of a folder of files that are one trace.

    Args:
        relative: path below the data folder; an absolute path is taken as it is.

    Raises:
        TraceError: there is nothing there; says where it can be had and how to point to it.
    """
    path = data_folder() / relative
    for found in (path, cache_folder() / relative):
        if found.exists():
            return found
    if Path(relative).is_absolute():
        raise TraceError(f"{relative} does not exist")
    known = data_set_of(relative)
    had_from = f" It is part of '{known.title}' ({known.licence}), to be had from {known.origin}." if known else ""
    fetched = (
        f" `python -m cloudsim traces fetch {known.name}` gets what can be downloaded."
        if known and any(file.url for file in known.files.values())
        else ""
    )
    pointed = f"{FOLDER_VARIABLE} is set to {data_folder()}" if os.environ.get(FOLDER_VARIABLE) else f"{FOLDER_VARIABLE} is not set"
    raise TraceError(
        f"the data {path.absolute()} was not found ({pointed}).{had_from}{fetched} "
        f"Put it at <data folder>/{relative} and say where the data folder is: {FOLDER_VARIABLE}=/path/to/data."
    )


def digests(path: Path) -> dict[str, str]:
    """SHA-256 of a file, or of each data file of a folder, by name."""
    members = sorted(member for member in path.iterdir() if member.suffix in DATA_SUFFIXES) if path.is_dir() else [path]
    return {member.name: sha256(member) for member in members}


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
