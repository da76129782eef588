import json
import re
from html.parser import HTMLParser

import pytest

from cloudsim.errors import ResultError
from cloudsim.parquet import TABLES
from cloudsim.report import write_report
from cloudsim.report.page import render
from cloudsim.report.wording import count, listed, percent, rate, seconds, span, usd
from tests.report.synthetic import TIERS, run_folder, write

GAP = "\N{NO-BREAK SPACE}"


class Page(HTMLParser):
    """Tags with their attributes, texts, and the drawings of a report."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)
        self.drawings = {d["name"]: d for d in json.loads(re.search(r'id="figures">(.*?)</script>', html, re.DOTALL)[1])}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def html(folder):
    return render(folder)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_table_shows_the_numbers_of_the_summary(folder, page):
    shown = {attrs["data-cell"]: attrs["data-value"] for _, attrs in page.tags if "data-cell" in attrs}
    expected = {
        f"{name}/{key}": "" if item["mean"] is None else repr(item["mean"])
        for name, metrics in folder.summary["contenders"].items()
        for key, item in metrics.items()
    }
    assert shown == expected


def test_cost_and_quality_are_drawn_from_the_summary(folder, page):
    bars = {
        (trace["meta"]["contender"], trace["name"]): trace["x"][0]
        for trace in page.drawings["cost"]["plots"][""]["figure"]["data"]
        if "meta" in trace
    }
    points = {t["meta"]["contender"]: t for t in page.drawings["quality-sla"]["plots"][""]["figure"]["data"]}
    for name, metrics in folder.summary["contenders"].items():
        assert bars[name, "idle"] == metrics["idle_usd"]["mean"]
        assert points[name]["x"] == [metrics["sla_attainment"]["mean"]]
        assert points[name]["y"] == [metrics["quality"]["mean"]]
        high = metrics["quality"]["ci95"][1]
        assert points[name]["error_y"]["array"] == [pytest.approx(high - metrics["quality"]["mean"])]


def test_nothing_points_outside_and_ids_are_unique(html, page):
    assert [attrs for _, attrs in page.tags if "src" in attrs or attrs.get("href", "#")[0] != "#"] == []
    assert not re.search(r"@import|url\(", html.split("</style>")[0])
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert html.count("plotly.js v") == 1
    assert len(html) < 8e6


def test_every_figure_has_a_label_and_a_drawing(page):
    boxes = {attrs["id"].removeprefix("plot-"): attrs for _, attrs in page.tags if attrs.get("class") == "plot"}
    assert set(boxes) == set(page.drawings)
    assert all(len(attrs["aria-label"]) > 20 for attrs in boxes.values())
    assert set(page.drawings["fleet"]["plots"]) == {f"{contender}|{replication}" for contender in range(3) for replication in range(3)}
    assert set(page.drawings["latency-ttft"]["plots"]) == {"all", "0", "1", "2"}


def test_latency_titles_count_what_is_left_out(folder, page):
    status = folder.requests.status
    title = page.drawings["latency-e2e"]["plots"]["all"]["title"]
    assert f"{(status == 'completed').sum():,} completed requests" in title
    assert f"{(status == 'lost').sum():,} lost" in title


def test_sla_lines_stand_at_the_promises(page):
    drawing = page.drawings["latency-ttft"]["plots"]["all"]["figure"]["layout"]
    assert [shape["x0"] for shape in drawing["shapes"]] == [tier["ttft_s"] for tier in TIERS.values()]
    assert [note["text"] for note in drawing["annotations"]] == [f"premium 1{GAP}s", f"standard 3{GAP}s", f"free 10{GAP}s"]


def test_same_folder_gives_the_same_bytes(folder, html):
    assert render(folder) == html


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>%{x}'\""


def test_names_are_text_and_never_markup():
    folder = run_folder(
        contenders=(HOSTILE, "static_dense"), replications=2, requests=200, tiers={"</script><b>": TIERS["free"] | {"share": 1.0}}
    )
    folder.manifest["inputs"][0] |= {"name": "<b>in", "origin": "</td><script>", "sha256": '"><script>'}
    folder.manifest["weakest_provenance"] = '"><script>'
    html = render(folder)
    page = Page(html)
    assert [tag for tag, _ in page.tags].count("script") == 3
    assert [tag for tag, attrs in page.tags if tag == "img" or "onerror" in attrs] == []
    assert HOSTILE in [attrs.get("data-toggle") for _, attrs in page.tags]
    names = {trace["name"] for trace in page.drawings["sla"]["plots"][""]["figure"]["data"]}
    assert all("<" not in name and "%" not in name for name in names)
    metas = {trace["meta"]["contender"] for trace in page.drawings["sla"]["plots"][""]["figure"]["data"]}
    assert HOSTILE in metas


@pytest.mark.parametrize(
    "options",
    [
        {"contenders": ("l2a",), "replications": 1},
        {"contenders": ("l2a", "on_demand"), "replications": 1},
        {"contenders": ("l2a", "on_demand"), "replications": 2, "dead": ("l2a", "on_demand")},
        {"contenders": ("static_dense", "l2a"), "replications": 2, "dead": ("static_dense",)},
        {"contenders": tuple(f"fleet_{i}" for i in range(12)), "replications": 1, "requests": 50},
    ],
    ids=["one contender, one seed", "one seed", "nothing completed", "reference completes nothing", "many contenders"],
)
def test_scarce_data_still_makes_a_page(options):
    folder = run_folder(**{"requests": 120, **options})
    page = Page(render(folder))
    assert len({attrs["data-toggle"] for _, attrs in page.tags if "data-toggle" in attrs}) == len(options["contenders"])
    text = " ".join(page.texts)
    if options["replications"] == 1:
        assert "no confidence interval" in text
    if len(options.get("dead", ())) == 2:
        assert "no completed request" in page.drawings["latency-ttft"]["plots"]["all"]["title"]


def test_empty_tables_still_make_a_page():
    folder = run_folder(contenders=("l2a", "on_demand"), replications=2, requests=60)
    for name in TABLES:
        setattr(folder, name, getattr(folder, name).iloc[:0])
    assert "every request its full budget" in render(folder)


def test_report_is_written_into_the_run_folder_or_elsewhere(folder, tmp_path):
    run = write(folder, tmp_path / "run")
    assert write_report(run) == run / "report.html"
    other = write_report(run, tmp_path / "new" / "page.html")
    assert other.read_bytes() == (run / "report.html").read_bytes()
    assert [path.name for path in other.parent.iterdir()] == ["page.html"]


def test_problems_are_named(folder, tmp_path):
    with pytest.raises(ResultError, match="no such folder"):
        write_report(tmp_path / "absent")
    run = write(folder, tmp_path / "run")
    with pytest.raises(ResultError, match="is a folder: give the name of the HTML file"):
        write_report(run, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ResultError, match="cannot be written"):
        write_report(run, tmp_path / "file" / "page.html")


def test_numbers_read_as_people_write_them():
    assert [percent(0.9341), percent(-0.0312, True), percent(-1e-12, True)] == [f"93.4{GAP}%", f"−3.1{GAP}pp", f"0.0{GAP}pp"]
    assert [percent(0.99974), percent(1.0), percent(0.0), percent(0.0004)] == [f"99.97{GAP}%", f"100.0{GAP}%", f"0.0{GAP}%", f"0.04{GAP}%"]
    assert [percent(0.0004, True, 0.9), percent(0.01, True, 0.99974)] == [f"+0.04{GAP}pp", f"+1.00{GAP}pp"]
    assert [usd(12345.6), usd(1.5), usd(0.01234), usd(-0.25, True), usd(-0.25, True, 15.0)] == [
        "$12,346",
        "$1.50",
        "$0.0123",
        "−$0.250",
        "−$0.25",
    ]
    assert [seconds(0.0345), seconds(12.34), seconds(-0.3, True, 4.0)] == [f"34.5{GAP}ms", f"12.3{GAP}s", f"−0.30{GAP}s"]
    assert [rate(0.7621), count(12.5), count(90000.0)] == ["0.762/s", "12.5", "90,000"]
    assert span(f"1.0{GAP}s", f"2.0{GAP}s") == "1.0 to 2.0"
    assert listed(["a", "b", "c"]) == "a, b and c"
