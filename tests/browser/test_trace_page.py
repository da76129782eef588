"""A reader opens the pages of `traces inspect --html`, at the width of a screen and of a telephone."""

import numpy as np
import pytest

from cloudsim.trace_page.page import render, write_page
from tests.browser.conftest import WIDTHS
from tests.browser.test_report import BOXES
from tests.traces.reading.samples import SAMPLES, options
from traces.inspection.inspect import inspect
from traces.reading.trace import Reading

pytestmark = pytest.mark.browser

FIGURES = {"azure_llm": 3, "skynomad": 3, "bamboo": 2, "aws_price_history": 1, "vm_lifetimes": 0, "servegen": 0}


@pytest.fixture
def inspection(tmp_path):
    def made(name):
        return inspect(Reading(SAMPLES[name](tmp_path, np.random.default_rng(0)), name, options(name)))

    return made


@pytest.mark.parametrize("name", FIGURES)
def test_a_page_opens_without_complaints_and_draws_everything(name, inspection, reader, tmp_path):
    write_page(inspection(name), tmp_path / "page.html")
    for width in WIDTHS:
        page = reader.open(tmp_path / "page.html", width)
        boxes = page.evaluate(BOXES)
        assert len(boxes) == FIGURES[name]
        assert [box for box in boxes if box[1] == 0 or not all(box[2:])] == []
        assert page.evaluate("document.documentElement.scrollWidth === innerWidth")
        assert page.locator("section#source").inner_text().count(name) >= 1
        page.close()


def test_names_from_a_file_are_text_and_never_markup(tmp_path, reader):
    path = tmp_path / "trace.csv"
    evil = "<img src=x onerror=alert(1)>"
    rows = [f"2024-05-10T22:0{minute}:00Z,{evil} %{{x}},t,1.5" for minute in range(8)]
    path.write_text("\n".join(["timestamp,region,machine_type,spot_usd_per_hour,on_demand_usd_per_hour", *(f"{row},2" for row in rows)]))
    write_page(inspect(Reading(path)), tmp_path / "page.html")
    page = reader.open(tmp_path / "page.html")

    assert page.locator("img").count() == 0
    assert page.locator(".legendtext, .hovertext").count() >= 1
    page.close()


def test_the_same_trace_gives_the_same_page(inspection):
    made = inspection("skynomad")
    assert render(made) == render(made)
