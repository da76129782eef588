import os
import shutil

import pytest

from tests.report.synthetic import run_folder, write

WIDTHS = (1280, 390)
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


@pytest.fixture(scope="session")
def chromium():
    """A browser of the machine; without one the tests are skipped, except in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    if path is None or sync_playwright is None:
        missing = "no Chromium on the PATH" if path is None else "playwright is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing}, but CI must run the browser tests")
        pytest.skip(f"{missing}: the report is not opened in a browser")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """A report of four contenders on disk, one of which completes nothing."""
    from cloudsim.report import write_report

    folder = run_folder(contenders=("l2a", "static_dense", "static_small", "on_demand"), requests=500, replications=2)
    return write_report(write(folder, tmp_path_factory.mktemp("report") / "run"))


class Reader:
    """Opens files in the browser and remembers every complaint of a page and every request but that for the file."""

    def __init__(self, browser):
        self._browser = browser
        self.complaints = []

    def open(self, path, width=1280):
        page = self._browser.new_page(viewport={"width": width, "height": 900}, color_scheme="light")
        page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self.complaints.append(request.url) if request.url != path.as_uri() else None)
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn=all]", state="attached")
        return page


@pytest.fixture
def reader(chromium):
    reader = Reader(chromium)
    yield reader
    assert reader.complaints == []


@pytest.fixture(scope="session")
def windows(chromium, report):
    """The report opened once at each width, since opening is what takes time; `page` puts it back as it was."""
    reader = Reader(chromium)
    return reader, {width: reader.open(report, width) for width in WIDTHS}


@pytest.fixture(params=WIDTHS)
def page(windows, request):
    reader, pages = windows
    page = pages[request.param]
    yield page
    page.emulate_media(color_scheme="light")
    for box in page.locator("input[data-toggle]").all():
        box.check()
    page.evaluate("""document.querySelectorAll('details').forEach(box => { box.open = false })
        document.querySelectorAll('select').forEach(box => { box.selectedIndex = 0; box.dispatchEvent(new Event('change')) })""")
    assert reader.complaints == []
