"""Packages of an extra: a test that needs one is skipped where it is absent, but not in CI."""

import os
from importlib import import_module
from types import ModuleType

import pytest


def needs(package: str, extra: str) -> ModuleType:
    if os.environ.get("CI") == "true":
        return import_module(package)
    return pytest.importorskip(package, reason=f'{package} is not installed; pip install -c constraints.txt -e ".[{extra}]"')
