import pytest

from tests.report.synthetic import run_folder


@pytest.fixture(scope="session")
def folder():
    """Three contenders, three replications."""
    return run_folder(contenders=("l2a", "static_dense", "on_demand"), requests=600)
