"""A reader opens the report and uses everything on it, at the width of a screen and of a telephone."""

import pytest

from cloudsim.report import write_report
from tests.report.synthetic import TIERS, run_folder, write

pytestmark = pytest.mark.browser

VISIBLE = """name => Object.fromEntries([...document.querySelectorAll('.plot')].map(box => [box.id.slice(5),
    box.data.filter(trace => trace.meta && trace.meta.contender === name).map(trace => trace.visible)]))"""
DRAWN = "name => { const box = document.getElementById('plot-' + name); return JSON.stringify([box.data, box.layout.shapes]) }"
INK = "getComputedStyle(document.querySelector('#plot-sla .xtick text')).fill"
BOXES = """[...document.querySelectorAll('.plot')].map(box => {
    const own = box.getBoundingClientRect(), svg = box.querySelector('.main-svg').getBoundingClientRect();
    const marks = box.querySelectorAll('.scatterlayer .trace, .barlayer .trace').length;
    return [box.id, marks, svg.left >= own.left - 1, svg.right <= own.right + 1, own.right <= innerWidth];
})"""
BY_CONTENDER = {"sla", "ready", "queue", "running", "kv", "latency-ttft", "latency-tpot", "latency-e2e", "cost", "spend", "quality-cost"}


def test_page_fits_and_every_figure_is_drawn(page):
    assert page.evaluate("document.documentElement.scrollWidth === innerWidth")
    boxes = page.evaluate(BOXES)
    assert len(boxes) == 17
    assert [box for box in boxes if box[1] == 0 or not all(box[2:])] == []


def test_colours_follow_the_scheme(page):
    light = page.evaluate(INK)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"old => {INK} !== old", arg=light)
    assert light == "rgb(27, 31, 36)"
    assert page.evaluate(INK) == "rgb(230, 233, 238)"


def test_toggle_hides_a_contender_everywhere(page):
    box = page.locator("input[data-toggle='on_demand']")
    assert all(all(shown) for shown in page.evaluate(VISIBLE, "on_demand").values())
    box.uncheck()
    hidden = page.evaluate(VISIBLE, "on_demand")
    assert {name for name, shown in hidden.items() if shown} >= BY_CONTENDER
    assert not any(any(shown) for shown in hidden.values())
    assert all(all(shown) for shown in page.evaluate(VISIBLE, "l2a").values())
    assert page.locator("table.verdict tr[data-contender='on_demand']:visible").count() == 0
    page.locator("select[data-section='latency']").select_option("1")
    assert page.evaluate(VISIBLE, "on_demand")["latency-ttft"] == [False]
    box.check()
    assert all(all(shown) for shown in page.evaluate(VISIBLE, "on_demand").values())
    assert page.locator("table.verdict tr[data-contender='on_demand']:visible").count() == 1


def test_every_choice_changes_its_figures(page):
    figures = {"fleet-timeline": ["fleet"], "latency": ["latency-ttft", "latency-tpot", "latency-e2e"], "quality": ["quality-cost"]}
    for section, names in figures.items():
        # The replication goes first: those of `on_demand`, the last contender, are alike since nothing is taken from it.
        for select in reversed(page.locator(f"select[data-section='{section}']").all()):
            values = [option.get_attribute("value") for option in select.locator("option").all()]
            assert len(values) > 1
            before = seen(page, names)
            for value in values[1:]:
                select.select_option(value)
                after = seen(page, names)
                assert all(new != old for now, was in zip(after, before, strict=True) for new, old in zip(now, was, strict=True))
                before = after
    assert page.locator("#title-fleet").inner_text() == "on_demand, replication 1: 8 nodes, 0 reclaimed"


def seen(page, names):
    """Drawing and title of each figure."""
    return [(page.evaluate(DRAWN, name), page.locator(f"#title-{name}").inner_text()) for name in names]


def test_budget_shows_only_who_reduced_it(page):
    assert page.locator("select[data-section='budget'] option").all_inner_texts() == ["l2a"]


def test_fleet_moves_on_when_its_contender_is_hidden(page):
    page.locator("input[data-toggle='l2a']").uncheck()
    assert page.locator("#title-fleet").inner_text().startswith("static_dense, replication 0")
    assert page.locator("select[data-names='contender'] option[disabled]").first.inner_text() == "l2a"


def test_tables_unfold_and_scroll_in_their_box(page):
    for summary in page.locator("summary").all():
        summary.click()
    assert page.locator("details[open]").count() == page.locator("details").count() > 5
    assert page.locator("pre").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth === innerWidth")
    if page.viewport_size["width"] < 600:
        assert page.evaluate("(box => box.scrollWidth > box.clientWidth)(document.querySelector('.scroll'))")


def test_hover_names_values_and_units(page):
    page.evaluate("Plotly.Fx.hover('plot-sla', [{curveNumber: 1, pointNumber: 20}])")
    text = page.locator("#plot-sla .hoverlayer").text_content()
    assert "l2a: " in text
    assert "%" in text


def test_hostile_names_stay_text(reader, tmp_path):
    name = "<script>alert(1)</script><img src=x onerror=alert(2)>%{x}"
    folder = run_folder(contenders=(name, "on_demand"), replications=2, requests=150, tiers={"</script>": TIERS["free"] | {"share": 1.0}})
    page = reader.open(write_report(write(folder, tmp_path / "run")))
    assert page.locator("#plot-sla .legendtext").first.text_content() == name
    assert page.locator("#plot-cost .ytick").last.text_content() == name
    assert page.locator(".toggles label").first.inner_text() == name
    page.locator(".toggles input").first.uncheck()
    assert not any(any(shown) for shown in page.evaluate(VISIBLE, name).values())


def test_nothing_completed_is_shown_without_errors(reader, tmp_path):
    folder = run_folder(contenders=("l2a", "on_demand"), replications=1, requests=60, dead=("l2a", "on_demand"))
    page = reader.open(write_report(write(folder, tmp_path / "run")), width=390)
    assert "no completed request" in page.locator("#title-latency-e2e").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
