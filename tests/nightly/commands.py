"""The program as a user starts it."""

import json
import subprocess
import sys
from time import perf_counter


def told(*words):
    """The document of a command, and how many seconds it took."""
    started = perf_counter()
    ended = subprocess.run([sys.executable, "-m", "cloudsim", *words, "--json"], capture_output=True, text=True, check=False)
    seconds = perf_counter() - started
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout), seconds
