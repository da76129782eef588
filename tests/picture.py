"""Pictures of Plotly pages for the documentation, taken by a browser."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parents[1] / "docs"


def take(page, selector, to, width, height):
    """Write what `selector` shows of an HTML page to `to`.

    Args:
        width, height: of the window, in pixels.
    """
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
        shown.goto(Path(page).resolve().as_uri())
        shown.wait_for_selector(".main-svg")
        shown.locator(selector).screenshot(path=to)
        browser.close()


def take_figure(figure, to):
    """Write a Plotly figure, whose layout has its size, to `to`."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "figure.html"
        figure.write_html(page, include_plotlyjs=True)
        take(page, ".plot-container", to, figure.layout.width + 20, figure.layout.height + 20)
