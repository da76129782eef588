"""Following a page of the documentation as a reader would: its files are written, and its commands run outside the repository."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```\n", re.DOTALL)


def follow(page, start):
    """Follow `page` from top to bottom, beginning in the folder `start`; returns where it ends, and how many commands it has."""
    here, ran = start, 0
    environment = dict(os.environ)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["PYTHONPATH"] = str(ROOT)  # where the program is not installed
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["file"]:
            (here / block["file"]).write_text(block["text"], encoding="utf-8")
            continue
        assert block["language"] == "bash", block["text"]
        script = f"set -e\n{block['text']}\npwd > '{start}/here'\n"
        done = subprocess.run(["bash", "-c", script], cwd=here, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{block['text']}\n{done.stderr}"
        here = Path((start / "here").read_text().strip())
        ran += 1
    assert ROOT not in here.parents
    return here, ran
