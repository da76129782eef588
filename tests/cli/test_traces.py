"""`traces` from the command line: every action, on files of the user's own."""

import json

import pytest

from cloudsim.cli import main
from traces.blocks import joined
from traces.reading.trace import read_trace

ROWS = "".join(f"{at / 2},{10 + at},{5 + at % 7}\n" for at in range(200))


@pytest.fixture
def traffic(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n" + ROWS)
    return path


@pytest.fixture
def nodes(tmp_path):
    path = tmp_path / "us-east-1a_p3.csv"
    path.write_text("0,add,n1\n60000,add,n2\n120000,remove,n1\n600000,remove,n2\n")
    return path


def told(capsys, *words):
    assert main(["traces", *map(str, words)]) == 0
    return capsys.readouterr().out


def refused(capsys, *words):
    assert main(["traces", *map(str, words)]) == 2
    return capsys.readouterr().err


def test_list_and_show(capsys, monkeypatch, tmp_path):
    (tmp_path / "mooncake").mkdir()
    (tmp_path / "mooncake" / "synthetic_trace.jsonl").write_text("{}")
    monkeypatch.setenv("CLOUDSIM_DATA", str(tmp_path))
    shown = told(capsys, "list")
    assert all(word in shown for word in ("azure_llm_2024", "44,000,000", "CC-BY-4.0", "qwen_bailian", "1/2", "spot_advisor[region]"))
    document = json.loads(told(capsys, "list", "--json"))
    assert {one["name"]: one["files_here"] for one in document["data_sets"]}["mooncake"] == 1
    assert "burstgpt" in document["formats"]

    assert "512 tokens" in told(capsys, "show", "mooncake")
    assert json.loads(told(capsys, "show", "mooncake", "--json"))["licence"] == "Apache-2.0"
    assert "known are azure_llm_2023" in refused(capsys, "show", "moon")


def test_inspect_says_what_a_file_is(capsys, traffic, nodes):
    shown = told(capsys, "inspect", traffic)
    assert all(word in shown for word in ("200 rows of requests, format vidur", "requests/s 2", "input_tokens", "110"))
    found = json.loads(told(capsys, "inspect", traffic, "--json"))
    assert (found["kind"], found["format"], found["rows"], found["span_s"], found["rate_rps"]) == ("requests", "vidur", 200, 99.5, 2.0)
    assert found["input_tokens"]["p50"] == 109.5

    shown = told(capsys, "inspect", nodes)
    assert all(word in shown for word in ("us-east-1a", "no prices", "10.0 minutes"))
    zone = json.loads(told(capsys, "inspect", nodes, "--json"))["zones"]["us-east-1a"]
    assert zone["availability"] == 1.0
    assert "z9" in told(capsys, "inspect", nodes, "--zone", "z9")


def test_bad_rows_are_told_skipped_or_clipped(capsys, traffic):
    traffic.write_text(traffic.read_text() + "99.9,-4,5\n99.95,seven,5\n")
    words = refused(capsys, "inspect", traffic)
    assert "line 202, column num_prefill_tokens: found '-4'" in words
    assert "line 203, column num_prefill_tokens: found 'seven'" in words
    assert json.loads(told(capsys, "inspect", traffic, "--on-bad-row", "skip", "--json"))["skipped_rows"] == 2
    clipped = json.loads(told(capsys, "inspect", traffic, "--on-bad-row", "clip", "--json"))
    assert (clipped["skipped_rows"], clipped["clipped_rows"], clipped["rows"]) == (1, 1, 201)
    assert "found '-4'" in clipped["problems"][0]


def test_convert_writes_a_table_that_says_where_it_comes_from(capsys, traffic, tmp_path):
    out = tmp_path / "out.parquet"
    assert "200 rows of requests" in told(capsys, "convert", traffic, out)
    again = json.loads(told(capsys, "inspect", out, "--json"))
    assert (again["format"], again["data_set"], again["conversion"]) == ("table", "mine.csv", ["read as vidur"])
    assert "exists already" in refused(capsys, "convert", traffic, out)
    assert "there is no folder" in refused(capsys, "convert", traffic, tmp_path / "no" / "out.parquet")
    traffic.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n1,2,x\n")
    assert "line 2" in refused(capsys, "convert", traffic, tmp_path / "other.parquet")
    assert {path.name for path in tmp_path.iterdir()} == {"mine.csv", "out.parquet"}


def test_a_map_of_columns_is_a_file(capsys, tmp_path):
    (tmp_path / "a.csv").write_text("t,i,o\n1000,5,6\n")
    columns = tmp_path / "map.yaml"
    columns.write_text("kind: requests\ncolumns:\n  arrival_s: {from: t, unit: ms}\n  input_tokens: i\n  output_tokens: o\n")
    assert json.loads(told(capsys, "inspect", tmp_path / "a.csv", "--columns", columns, "--json"))["rows"] == 1
    columns.write_text("kind: requests\ncolumns:\n  arrival_s: {from: t, unit: weeks}\n  tokens: i\n")
    words = refused(capsys, "inspect", tmp_path / "a.csv", "--columns", columns)
    for word in ("weeks", "tokens is no column of requests", "input_tokens is missing", "output_tokens is missing"):
        assert word in words


def test_slice_rescale_and_compose(capsys, traffic, nodes, tmp_path):
    part, fast, both, one_after = (tmp_path / f"{name}.parquet" for name in ("part", "fast", "both", "after"))
    assert "100 rows" in told(capsys, "slice", traffic, part, "--start", "20s", "--end", "70s")
    assert "rate times 4" in told(capsys, "rescale", traffic, fast, "--rate", "4")
    assert "300 rows" in told(capsys, "compose", "together", both, part, fast, "--shift", "0", "1min")
    assert "300 rows" in told(capsys, "compose", "after", one_after, part, fast)
    assert read_trace(fast).table.column("arrival_s")[-1].as_py() == pytest.approx(99.5 / 4)

    more = tmp_path / "more.parquet"
    assert json.loads(told(capsys, "rescale", nodes, more, "--capacity", "3", "--json"))["rows"] == 4
    assert read_trace(more).table.column("capacity").to_pylist() == [3, 6, 3, 0]
    assert "--rate FACTOR" in refused(capsys, "rescale", traffic, tmp_path / "x.parquet")
    assert "two files" in refused(capsys, "compose", "prices", tmp_path / "x.parquet", nodes)
    assert "one time for each file" in refused(capsys, "compose", "after", tmp_path / "x.parquet", part, fast, "--shift", "1")
    assert "no zone 'mars'" in refused(capsys, "slice", nodes, tmp_path / "x.parquet", "--zones", "mars")


def test_fetch_says_what_to_do_by_hand(capsys, tmp_path):
    words = refused(capsys, "fetch", "bamboo", "--to", tmp_path)
    assert "uclasystem/bamboo" in words
    assert str(tmp_path / "p3-trace.csv") in words


def test_a_converted_table_is_replayed_by_a_run(capsys, traffic, tmp_path):
    import numpy as np

    from traces.replay.traffic import ReplayedTraffic

    told(capsys, "convert", traffic, tmp_path / "table.parquet")
    made = joined(ReplayedTraffic(file=str(tmp_path / "table.parquet")).requests(60.0, np.random.default_rng(0)))
    assert len(made) == 120
    assert made.input_tokens[:3].tolist() == [10, 11, 12]


def test_generate_writes_what_a_specification_describes(capsys, tmp_path):
    out, again, other = (tmp_path / f"{name}.parquet" for name in ("a", "b", "c"))
    words = ("--duration", "10min", "--seed", "3", "--set", "rate_rps=20", "gaps.cv=2.0")
    made = json.loads(told(capsys, "generate", "azure_conv_like", out, *words, "--json"))
    assert made["rows"] == pytest.approx(12_000, rel=0.5)
    told(capsys, "generate", "azure_conv_like", again, *words)
    told(capsys, "generate", "azure_conv_like", other, *words[:3], "4", *words[4:])
    assert read_trace(out).table.equals(read_trace(again).table)
    assert not read_trace(out).table.equals(read_trace(other).table)
    found = json.loads(told(capsys, "inspect", out, "--json"))
    assert found["conversion"][-1] == "generated by Traffic, 600 s, seed 3"
    assert "published" in found["conversion"][0]

    assert "9 zones" not in told(capsys, "generate", "aws_v100_like", tmp_path / "m.parquet", "--duration", "2d")
    market = json.loads(told(capsys, "inspect", tmp_path / "m.parquet", "--json"))
    assert (market["kind"], len(market["zones"]), market["span_s"]) == ("spot", 9, 172_800)


def test_generate_takes_a_file_of_ones_own_and_says_what_is_wrong_with_it(capsys, tmp_path):
    spec, out = tmp_path / "mine.yaml", tmp_path / "x.parquet"
    spec.write_text(
        "_target_: traces.generators.traffic.Traffic\nname: mine\nprovenance: assumed\norigin: me\nrate_rps: 2.0\n"
        "gaps: {kind: weibull, cv: 2.0}\nrate: [{kind: flash_crowd, at_s: 300, ratio: 5, rise_s: 60, fade_s: 120}]\n"
        "input: {kind: exponential, mean_tokens: 100, most_tokens: 999}\n"
        "output: {kind: pareto_lognormal, log_mean: 4.0, log_sigma: 1.0, most_tokens: 999, tail_share: 0.1, tail_from_tokens: 200,"
        " tail_exponent: 1.1}\n"
    )
    assert "rows of requests" in told(capsys, "generate", spec, tmp_path / "mine.parquet", "--duration", "15min")
    assert "one of aws_v100_like" in refused(capsys, "generate", "moon", out)
    assert "speed is not an option" in refused(capsys, "generate", spec, out, "--set", "speed=3")
    spec.write_text("- a\n")
    assert "expected a map with _target_" in refused(capsys, "generate", spec, out)
    spec.write_text("_target_: 7up\n")
    assert "is no module.Class" in refused(capsys, "generate", spec, out)
    spec.write_text("{a: [\n")
    assert "is no YAML" in refused(capsys, "generate", spec, out)
    assert not out.exists()


def test_fit_writes_a_specification_that_generates_its_like(capsys, tmp_path):
    table, spec, like = tmp_path / "table.parquet", tmp_path / "mine.yaml", tmp_path / "like.parquet"
    told(capsys, "generate", "poisson", table, "--duration", "20min", "--set", "rate_rps=8")
    shown = told(capsys, "fit", table, spec)
    for words in ("rate_rps", "95 % interval", "input_tokens.p99", "Kolmogorov-Smirnov", "--config-dir conf traffic=mine"):
        assert words in shown
    told(capsys, "generate", spec, like, "--duration", "20min")
    one, other = (json.loads(told(capsys, "inspect", file, "--json")) for file in (table, like))
    assert one["rate_rps"] == pytest.approx(other["rate_rps"], rel=0.05)
    assert one["input_tokens"]["p90"] == pytest.approx(other["input_tokens"]["p90"], rel=0.06)

    document = json.loads(told(capsys, "fit", table, tmp_path / "again.yaml", "--json"))
    assert "Poisson" in document["spec"]["origin"]  # what the table was made from, not only its name
    assert document["spec"]["gaps"] == {"kind": "poisson"}
    low, high = document["parameters"]["rate_rps"]["ci95"]
    assert low < 8 < high
    assert document["statistics"]["rate_rps"]["made"][0] < one["rate_rps"] < document["statistics"]["rate_rps"]["made"][1]
    assert (tmp_path / "again.yaml").read_text().splitlines()[1:] == spec.read_text().splitlines()[1:]
    assert "exists already" in refused(capsys, "fit", table, spec)


def test_fit_of_a_market_needs_prices_and_capacities(capsys, nodes, tmp_path):
    out = tmp_path / "market.yaml"
    assert "say --price USD" in refused(capsys, "fit", nodes, out)
    assert not out.exists()
    shown = told(capsys, "fit", nodes, out, "--price", "1.5")
    assert "up.mean_h" in shown
    assert "--config-dir conf spot=market" in shown
    told(capsys, "generate", out, tmp_path / "like.parquet", "--duration", "6h")
    advice = tmp_path / "advice.json"
    advice.write_text(json.dumps({"spot_advisor": {"us-east-1": {"Linux": {"p3.2xlarge": {"s": 60, "r": 1}}}}}))
    assert "advice" in refused(capsys, "fit", advice, tmp_path / "x.yaml")
