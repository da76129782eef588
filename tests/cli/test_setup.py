"""The set-up files agree with each other and with the code."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
IMPORT_NAMES = {
    "hydra-core": "hydra", "pyyaml": "yaml", "reasoning-gym": "reasoning_gym", "scikit-learn": "sklearn",
    "stable-baselines3": "stable_baselines3",
}  # fmt: skip


def test_the_exact_versions_lie_within_the_ranges():
    lines = [line.partition("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    exact = dict(line.split("==") for line in lines if line)
    exact = {canonicalize_name(name): version for name, version in exact.items()}
    for text in [*PROJECT["dependencies"], *EXTRAS["model"], *EXTRAS["forecast"], *EXTRAS["tune"], *EXTRAS["rl"], *EXTRAS["test"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(exact[canonicalize_name(requirement.name)]), text


@pytest.mark.parametrize("package", ["cloudsim", "policies", "traces"])
def test_every_library_that_is_imported_is_declared(package):
    extras = ("model", "outside", "forecast", "tune", "rl", "testing")
    declared = {Requirement(text).name for text in [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]}
    known = {IMPORT_NAMES.get(name, name) for name in declared} | {"cloudsim", "policies", "traces", "experiments"}
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            foreign = {name.split(".")[0] for name in names} - known - sys.stdlib_module_names - {"pydantic_core"}
            assert not foreign, f"{file}: {foreign}"


def test_every_data_file_is_shipped():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    everywhere = data.pop("*")
    folders = {ROOT / package.replace(".", "/"): patterns for package, patterns in data.items()}
    named = {file for folder, patterns in folders.items() for pattern in patterns for file in folder.glob(pattern)}
    for package in ("cloudsim", "policies", "traces", "experiments"):
        for file in (ROOT / package).rglob("*"):
            if file.is_file() and file.suffix not in (".py", ".pyc"):
                assert file in named or any(file.match(pattern) for pattern in everywhere), file
