"""`python -m tests.l2a.draw FOLDER`: the picture of docs/l2a.md, from the page that an evaluation wrote in FOLDER."""

import sys
from pathlib import Path

from cloudsim.l2a.evaluation.result import PAGE
from tests.picture import DOCS, take

if __name__ == "__main__":
    take(Path(sys.argv[1]) / PAGE, "#frontier", DOCS / "l2a_frontier.png", 1240, 1000)
