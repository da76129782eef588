"""The same configuration and seed give the same tables, to the byte: again, in another process, and whatever ran before."""

import subprocess
import sys
from pathlib import Path

import pytest

from cloudsim.simulation import simulate
from tests.cluster.scenario import configuration, fingerprint, preset

CHANGES = {"duration_s": 400.0, "drain_s": 60.0, "provider.notice_s": 30, "startup.provision_max_s": 80}
STORM = ("spot=storm",)
CONTENDERS = ("l2a", "static_dense", "static_small", "static_multi_model", "on_demand")
ELSEWHERE = """
from tests.property.test_determinism import CONTENDERS, CHANGES, STORM
from tests.cluster.scenario import configuration, fingerprint
from cloudsim.simulation import simulate
config = configuration(CHANGES, STORM)
for name in reversed(CONTENDERS):
    print(name, fingerprint(simulate(config, name, 1)))
"""


@pytest.fixture(scope="module")
def here():
    config = configuration(CHANGES, STORM)
    return {name: fingerprint(simulate(config, name, 1)) for name in CONTENDERS}


def test_a_second_run_is_the_same(here):
    config = configuration(CHANGES, STORM)
    for name in reversed(CONTENDERS):
        assert fingerprint(simulate(config, name, 1)) == here[name]


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_another_process_gives_the_same(here, hash_seed):
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
    )  # fmt: skip
    assert dict(line.split() for line in done.stdout.splitlines()) == here


@pytest.mark.parametrize("scheduling", ["fair_share", "q_learning", "mlfq"])
def test_a_scheduling_policy_repeats_itself_and_fcfs_is_the_default(scheduling):
    made = {**CHANGES, "duration_s": 100.0, "engine.max_sequences": 12}
    runs = [
        fingerprint(simulate(configuration(made | {"contenders.static_dense.scheduling": entry}, STORM), "static_dense", 1), ("requests",))
        for entry in (None, preset("scheduling", "fcfs"), preset("scheduling", scheduling), preset("scheduling", scheduling))
    ]
    assert runs[0] == runs[1] != runs[2] == runs[3]


def test_contenders_and_replications_differ(here):
    assert len(set(here.values())) == len(here)
    config = configuration(CHANGES, STORM)
    assert fingerprint(simulate(config, "l2a", 0)) != here["l2a"]


def test_all_contenders_face_the_same_requests_and_luck():
    config = configuration(CHANGES, STORM)
    tables = [simulate(config, name, 0).requests for name in CONTENDERS]
    for column in ("arrival_s", "input_tokens", "difficulty"):
        assert all(table[column].tobytes() == tables[0][column].tobytes() for table in tables)
    assert all(table["tier"].codes.tobytes() == tables[0]["tier"].codes.tobytes() for table in tables)
