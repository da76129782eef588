import os
import signal
import subprocess
import sys
import time

import pytest

from cloudsim.cli import main
from cloudsim.errors import ResultError
from cloudsim.results import load

REACHED_S, ENDED_S = 60, 20


@pytest.fixture
def stuck(small, tmp_path):
    """Start a run that hangs inside its simulation, wait until it does, and hand its process over."""
    processes = []

    def start(workers):
        sign = tmp_path / "reached"
        routing = f"+contenders.l2a.routing={{_target_: tests.cli.policies.Stuck, sign: {sign}}}"
        words = ["run", *small, "seeds=2", routing, f"output_dir={tmp_path / 'run'}", f"workers={workers}"]
        process = subprocess.Popen([sys.executable, "-m", "cloudsim", *words], stderr=subprocess.PIPE, text=True, start_new_session=True)
        processes.append(process)
        until_s = time.monotonic() + REACHED_S
        while not sign.exists():
            assert time.monotonic() < until_s, "the run never reached its simulation"
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        return process

    yield start
    for process in processes:
        process.stderr.close()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def members(group):
    """Processes of a process group that have not ended."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,pid="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [int(pid) for found, state, pid in rows if int(found) == group and not state.startswith("Z")]


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_clears_up_and_ends_its_workers(stuck, tmp_path, sent, code):
    process = stuck(workers=2)
    os.killpg(process.pid, sent) if sent == signal.SIGINT else process.send_signal(sent)
    _, shown = process.communicate(timeout=ENDED_S)
    assert process.returncode == code
    assert "Traceback" not in shown
    assert [path.name for path in tmp_path.iterdir()] == ["reached"]
    until_s = time.monotonic() + ENDED_S
    while members(process.pid):
        assert time.monotonic() < until_s, "a process of the run lives on"
        time.sleep(0.05)


def test_a_killed_run_leaves_nothing_that_looks_whole_and_the_next_run_clears_it_away(stuck, small, tmp_path):
    process = stuck(workers=1)
    process.kill()
    process.wait(timeout=ENDED_S)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["reached", "run", f"run.partial-{process.pid}"]
    for name in left[1:]:
        with pytest.raises(ResultError, match="did not end"):
            load(tmp_path / name)
    assert main(["run", *small, f"output_dir={tmp_path / 'run'}"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reached", "run"]
    assert load(tmp_path / "run")
