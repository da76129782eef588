"""What all tests share: hypothesis repeats the same examples on every machine, and a small experiment."""

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=False)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def small() -> tuple[str, ...]:
    """Overrides of an experiment that takes a second: two contenders, one seed, twenty simulated seconds, one process."""
    return (
        "+contender@contenders.l2a=l2a",
        "+contender@contenders.static_dense=static_dense",
        "seeds=1",
        "duration_s=20",
        "drain_s=20",
        "workers=1",
    )
