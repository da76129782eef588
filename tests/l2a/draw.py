"""`python -m tests.l2a.draw FOLDER`: the picture of docs/l2a.md, from the page that an evaluation wrote in FOLDER."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from cloudsim.l2a.evaluation.result import PAGE

DOCS = Path(__file__).parents[2] / "docs"


def main(folder):
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page(viewport={"width": 1240, "height": 1000}, color_scheme="light")
        shown.goto((Path(folder) / PAGE).resolve().as_uri())
        shown.wait_for_selector(".main-svg")
        shown.locator("#frontier").screenshot(path=DOCS / "l2a_frontier.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
