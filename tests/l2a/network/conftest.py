"""Tests of the network need the `model` extra: without it they are not collected, but in CI its absence is an error."""

import os
from importlib.util import find_spec

import pytest

collect_ignore_glob = [] if find_spec("transformers") or os.environ.get("CI") == "true" else ["test_*.py"]


@pytest.fixture(autouse=True, scope="package")
def quiet():
    """No progress bars in the output of tests."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    yield
    logging.enable_progress_bar()
