"""Every policy is one file and one YAML entry of its name, or an entry composed of parts; all are found here by themselves."""

from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

import pytest
import yaml

import policies
from cloudsim.components import create
from cloudsim.composition.components import import_target
from cloudsim.config import Component

ROOT = Path(policies.__file__).parent
EXPERIMENTS = ROOT.parent / "experiments"
METHODS = {
    "admission": "admit", "routing": "route", "budget": "budget", "effort": "effort", "scheduling": "rank", "cache": "worth",
    "notice": "act",
    "scaling": "targets", "provisioning": "plan",
}  # fmt: skip
PART_METHODS = {"keep", "score", "pick"}
COMPOSED = "policies.routing.composed.Composed"
FILES = sorted(path for path in ROOT.glob("*/*.py") if path.name != "__init__.py")
PARTS = sorted(path for path in ROOT.glob("*/parts/*.py") if path.name != "__init__.py")
ENTRIES = {kind: sorted((EXPERIMENTS / kind).glob("*.yaml")) for kind in METHODS}


def policy_class(file):
    module = import_module(".".join(("policies", *file.relative_to(ROOT).with_suffix("").parts)))
    found = [made for _, made in getmembers(module, isclass) if made.__module__ == module.__name__]
    assert len(found) == 1, f"{file} must have one class"
    return found[0]


def read(entry):
    return yaml.safe_load(entry.read_text())


def targets(node):
    """Every `_target_` below a node."""
    if isinstance(node, dict):
        yield from ([node["_target_"]] if "_target_" in node else [])
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from targets(inner)


def named(made):
    return f"{made.__module__}.{made.__name__}"


def test_the_folders_are_the_kinds_of_policies():
    assert {file.parent.name for file in FILES} == set(METHODS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_policy_has_one_entry_of_its_name_that_can_be_created(file):
    kind, made = file.parent.name, policy_class(file)
    assert made.__doc__
    assert getattr(made, METHODS[kind]).__doc__
    using = [entry.stem for entry in ENTRIES[kind] if read(entry)["_target_"] == named(made)]
    if named(made) == COMPOSED:  # its entries are named for what they are composed to
        assert using
        return
    assert using == [file.stem]
    policy = create(Component.model_validate(read(EXPERIMENTS / kind / f"{file.stem}.yaml")), kind)
    assert type(policy) is made
    assert callable(getattr(policy, METHODS[kind]))


@pytest.mark.parametrize("kind", METHODS)
def test_every_entry_names_a_policy_of_its_name_or_a_composition_of_parts_that_exist(kind):
    for entry in ENTRIES[kind]:
        own, *parts = targets(read(entry))
        if own == COMPOSED:
            assert kind == "routing"
            assert parts
            assert all(part.startswith("policies.routing.parts.") for part in parts), entry
        else:
            assert own.startswith(f"policies.{kind}.{entry.stem}."), entry
            assert all(part.startswith(f"policies.{kind}.") for part in parts), entry
        assert all(isclass(import_target(target)) for target in (own, *parts))
        assert callable(getattr(create(Component.model_validate(read(entry)), kind), METHODS[kind]))


@pytest.mark.parametrize("file", PARTS, ids=lambda file: f"{file.parent.parent.name}/{file.stem}")
def test_a_part_is_a_class_of_one_method_that_some_entry_uses(file):
    kind, made = file.parent.parent.name, policy_class(file)
    assert made.__doc__
    [method] = {name for name, found in vars(made).items() if callable(found) and not name.startswith("_")} - {"chose"}
    assert method in PART_METHODS
    assert getattr(made, method).__doc__
    assert isinstance(made.observes, tuple)
    assert any(named(made) in targets(read(entry)) for entry in ENTRIES[kind])


@pytest.mark.parametrize("kind", ["admission", "routing", "budget", "effort", "notice"])
def test_every_policy_on_requests_says_what_it_looks_at(kind):
    for entry in ENTRIES[kind]:
        observes = create(Component.model_validate(read(entry)), kind).observes
        assert isinstance(observes, tuple)
        assert list(observes) == sorted(set(observes)), entry
        of = ("noticed", "notice", "replica") if kind == "notice" else ("request", "replica", "fleet", "answer", "served")
        assert all(name.split(".")[0] in of for name in observes), entry
