"""Every policy is one file and one YAML entry; both are found here by themselves."""

from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

import pytest
import yaml

import policies
from cloudsim.components import create
from cloudsim.config import Component

ROOT = Path(policies.__file__).parent
EXPERIMENTS = ROOT.parent / "experiments"
METHODS = {
    "admission": "admit", "routing": "route", "budget": "budget", "effort": "effort", "provisioning": "plan", "notice": "act",
}  # fmt: skip
FILES = sorted(path for path in ROOT.glob("*/*.py") if path.name != "__init__.py")
ENTRIES = {kind: sorted((EXPERIMENTS / kind).glob("*.yaml")) for kind in METHODS}


def policy_class(file):
    module = import_module(f"policies.{file.parent.name}.{file.stem}")
    found = [made for _, made in getmembers(module, isclass) if made.__module__ == module.__name__]
    assert len(found) == 1, f"{file} must have one class"
    return found[0]


def test_the_folders_are_the_kinds_of_policies():
    assert {file.parent.name for file in FILES} == set(METHODS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_policy_has_one_entry_of_its_name_that_can_be_created(file):
    kind, made = file.parent.name, policy_class(file)
    targets = {entry.stem: yaml.safe_load(entry.read_text())["_target_"] for entry in ENTRIES[kind]}
    target = f"policies.{kind}.{file.stem}.{made.__name__}"
    assert [name for name, known in targets.items() if known == target] == [file.stem]
    component = Component.model_validate(yaml.safe_load((EXPERIMENTS / kind / f"{file.stem}.yaml").read_text()))
    policy = create(component, kind)
    assert type(policy) is made
    assert callable(getattr(policy, METHODS[kind]))
    assert made.__doc__
    assert getattr(made, METHODS[kind]).__doc__


@pytest.mark.parametrize("kind", METHODS)
def test_every_entry_names_a_policy_of_its_kind(kind):
    for entry in ENTRIES[kind]:
        assert yaml.safe_load(entry.read_text())["_target_"].startswith(f"policies.{kind}.{entry.stem}.")
