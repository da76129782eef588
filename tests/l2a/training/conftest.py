"""The smallest training there is: two layers, twelve steps."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TINY = (
    "+recipe=smoke",
    *(f"~stages.{stage}" for stage in ("layer_drop", "healing", "gates", "retrofit")),
    "base.layers=2",
    "mixture.problems=4",
    "mixture.rows=2",
    "mixture.families=[columns]",
    "loop.checkpoint_every=4",
    "loop.log_every=1",
    "stages.pretraining.steps=12",
)


def stage(name, **options):
    """Overrides that put a stage of `stages.py` in the place of pretraining."""
    given = [f"+stages.pretraining.{key}={value}" for key, value in options.items()]
    return [f"stages.pretraining._target_=tests.l2a.training.stages.{name}", *given]


def command(*words, processes=1, **environment):
    """Run the program in a process of its own, or in several."""
    start = [sys.executable, "-m"]
    if processes > 1:
        start += ["torch.distributed.run", "--standalone", f"--nproc_per_node={processes}", "-m"]
    settings = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)} | environment
    return subprocess.run([*start, "cloudsim", "train", *words], capture_output=True, text=True, cwd=ROOT, env=settings, timeout=300)


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A training that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    sign = folder / "sign"
    sign.touch()
    done = command(*TINY, *stage("Killed", at=6, sign="''"), f"output_dir={folder / 'run'}", SIGN=str(sign))
    assert done.returncode == 0, done.stderr
    return folder / "run"
