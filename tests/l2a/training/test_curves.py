import json
import re

from cloudsim.l2a.training.curves import stage_section, write_curves

ROWS = [
    {"step": step, "tokens": 10 * step, "seconds": 1.0 * step, "loss": 4.0 / step, "loss_kd": 1.0 / step, "temperature": 0.3,
     "compute_target": 0.6, "compute_realised": 0.7, "keep_layer_00": 1.0, "keep_layer_01": 0.25, "keep_layer_10": 0.5,
     "gradient_norm": 1.0, "tokens_per_s": 99.0}
    for step in (1, 2, 3)
]  # fmt: skip


def drawings(path):
    found = json.loads(re.search(r'id="figures">(.*?)</script>', path.read_text(), re.S)[1])
    return {one["name"]: one["plots"][""]["figure"]["data"] for one in found}


def test_the_page_draws_what_the_log_holds_and_nothing_else(tmp_path):
    page = tmp_path / "curves.html"
    write_curves(page, "<b>name", {"retrofit": ROWS, "healing": [{"step": 5, "loss": 1.0}], "waiting": []})
    drawn = drawings(page)
    assert set(drawn) == {
        "retrofit-loss", "retrofit-compute", "retrofit-throughput", "retrofit-gradient", "retrofit-keep_layer", "retrofit-temperature",
        "healing-loss",
    }  # fmt: skip
    assert [trace["name"] for trace in drawn["retrofit-loss"]] == ["loss", "loss_kd"]
    assert drawn["retrofit-loss"][0]["y"] == [4.0, 2.0, 4.0 / 3]
    assert drawn["retrofit-compute"][1]["y"] == [0.7, 0.7, 0.7]


def test_the_heat_map_shows_what_is_skipped_layers_in_their_order(tmp_path):
    figure = next(figure for figure in stage_section("retrofit", ROWS).figures if figure.name == "retrofit-keep_layer")
    trace = figure.first.traces[0]
    assert list(trace.y) == [0, 1, 10]
    assert [list(row) for row in trace.z] == [[0.0] * 3, [0.75] * 3, [0.5] * 3]


def test_the_page_is_one_file_that_points_nowhere(tmp_path):
    page = tmp_path / "curves.html"
    page.write_text("an older page")
    write_curves(page, "<b>name", {"retrofit": ROWS})
    html = page.read_text()
    assert html.count("plotly.js v") == 1
    assert "<b>name" not in html
    assert not re.search(r'(src|href)="http', html.split("<script")[0])
    assert [path.name for path in tmp_path.iterdir()] == ["curves.html"]
