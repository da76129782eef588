"""Real data files: where they lie, where they can be had, and the digest of what was read.

Files are found below the folder named by the environment variable CLOUDSIM_DATA, else below `../shared/data` of the current
directory. None is downloaded and none is part of this project.
"""

import os
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from traces.errors import TraceError

FOLDER_VARIABLE = "CLOUDSIM_DATA"
DEFAULT_FOLDER = "../shared/data"


@dataclass(frozen=True, slots=True)
class DataSet:
    """A published collection of traces.

    Args:
        folder: the folder below the data folder in which its files lie.
        title: what it is called where it was published.
        licence: under which it was published.
        origin: how to get it.
    """

    folder: str
    title: str
    licence: str
    origin: str


DATA_SETS = (
    DataSet(
        "azure_llm_2023",
        "Azure LLM inference trace 2023",
        "CC-BY-4.0",
        "the GitHub repository Azure/AzurePublicDataset, files data/AzureLLMInferenceTrace_conv.csv and "
        "data/AzureLLMInferenceTrace_code.csv",
    ),
    DataSet(
        "skynomad_v100",
        "spot availability and prices of V100 instances in nine AWS zones, 2023",
        "Apache-2.0",
        "the artifact of the NSDI '27 paper 'SkyNomad: On Using Multi-Region Spot Instances to Minimize AI Batch Job Cost' "
        "(Sky Computing Lab, UC Berkeley); one CSV a zone and v100_spot_prices.json",
    ),
)


def data_folder() -> Path:
    """The folder that holds the data sets; it need not exist."""
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)


def data_set(path: str | Path) -> DataSet | None:
    """The published data set that a path relative to the data folder belongs to, if it is a known one."""
    parts = Path(path).parts
    return next((known for known in DATA_SETS if known.folder in parts), None)


def data_file(relative: str) -> Path:
    """The path of a data file.

    Args:
        relative: path below the data folder; an absolute path is taken as it is.

    Raises:
        TraceError: there is no such file; says where it can be had and how to point to it.
    """
    return _existing(relative, "file")


def data_subfolder(relative: str) -> Path:
    """The path of a folder of data files; as `data_file`."""
    return _existing(relative, "folder")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _existing(relative: str, kind: str) -> Path:
    path = data_folder() / relative
    if path.is_dir() if kind == "folder" else path.is_file():
        return path
    known = data_set(relative)
    had_from = f" It is part of '{known.title}' ({known.licence}), to be had from {known.origin}." if known else ""
    pointed = f"{FOLDER_VARIABLE} is set to {data_folder()}" if os.environ.get(FOLDER_VARIABLE) else f"{FOLDER_VARIABLE} is not set"
    raise TraceError(
        f"the data {kind} {path.absolute()} was not found ({pointed}).{had_from} "
        f"Put it at <data folder>/{relative} and say where the data folder is: {FOLDER_VARIABLE}=/path/to/data."
    )
