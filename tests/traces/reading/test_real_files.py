"""Every real file is read, says what the published statistics say, and comes back from Parquet."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from traces.catalogue import catalogue
from traces.files import sha256
from traces.reading.trace import read_trace
from traces.stored import About, write_table


@dataclass(frozen=True)
class Real:
    """A file or folder below the data folder.

    Args:
        path, format, kind, rows: of it.
        start: absolute time of second 0.
        facts: for a column of the table, what is known of it: (p50, p90, p99) of requests, else (smallest, mean, largest).
    """

    path: str
    format: str
    kind: str
    rows: int
    start: str | None
    facts: dict[str, Any]


FILES = [
    Real("azure_llm_2023/AzureLLMInferenceTrace_conv.csv", "azure_llm", "requests", 19_366, "2023-11-16T18:15:46.68059Z",
         {"input_tokens": (1020, 2734, 4142), "output_tokens": (129, 424, 601), "rate_rps": 5.53}),
    Real("azure_llm_2023/AzureLLMInferenceTrace_code.csv", "azure_llm", "requests", 8_819, "2023-11-16T18:17:03.97996Z",
         {"input_tokens": (1469, 5187, 7436), "output_tokens": (13, 55, 251), "rate_rps": 2.57}),
    Real("mooncake/synthetic_trace.jsonl", "mooncake", "requests", 3_993, None,
         {"input_tokens": (11587, 38611, 66456), "output_tokens": (69, 389, 768), "rate_rps": 3.91}),
    Real("skynomad_v100", "skynomad", "spot", 9 * 20_158, "2023-02-15T22:08:16Z", {"zones": 9, "span_days": 45.5}),
    *(
        Real(f"skynomad_v100/{zone}_v100_1.csv", "skynomad", "spot", 20_158, "2023-02-15T22:08:16Z", {"zones": 1, "availability": up})
        for zone, up in {
            "us-east-1a": 0.17, "us-east-1c": 0.47, "us-east-1d": 0.45, "us-east-1f": 0.59, "us-east-2a": 0.76, "us-east-2b": 0.68,
            "us-west-2a": 0.88, "us-west-2b": 0.905, "us-west-2c": 0.89,
        }.items()
    ),
    Real("bamboo/p3-trace.csv", "bamboo", "spot", 163, None, {"events": 344, "capacity": (10, 32)}),
    Real("bamboo/g4dn-trace.csv", "bamboo", "spot", 99, None, {"events": 153, "capacity": (1, 24)}),
    Real("bamboo/v100x1-east1c.txt", "gcp_counts", "spot", 1_461, "2021-12-10T13:07:45Z", {"capacity": (30, 80)}),
    Real("bamboo/a100x1-east1b.txt", "gcp_counts", "spot", 268, "2021-12-11T11:11:30Z", {"capacity": (17, 64)}),
    Real("parcae/p3.csv", "node_counts", "spot", 163, None, {"capacity": (10, 32)}),
    Real("parcae/trace_hh_55_65.txt", "node_event_lines", "spot", 60, None, {"capacity": (20, 32)}),
    Real("parcae/trace_hl_15_25.txt", "node_event_lines", "spot", 60, None, {"capacity": (23, 32)}),
    Real("parcae/trace_lh_80_90.txt", "node_event_lines", "spot", 60, None, {"capacity": (12, 24)}),
    Real("parcae/trace_ll_10_11.txt", "node_event_lines", "spot", 60, None, {"capacity": (15, 19)}),
    Real("gcp_gpu_prices/gcp_gpu_price_changes.csv", "gcp_prices", "spot", 5_453, "2023-05-08T06:42:48Z", {"zones": 40}),
    Real("aws_spot_advisor/spot-advisor-data.json", "aws_spot_advisor", "advice", 25_323, None, {}),
    Real("goog_preemption/preemptible_vm_lifetimes.csv", "vm_lifetimes", "lifetimes", 1_442, "2019-02-18T16:58:00.088Z", {}),
]  # fmt: skip


def table_of(data_folder, real):
    return read_trace(data_folder / real.path)


@pytest.mark.parametrize("real", FILES, ids=lambda real: real.path)
def test_a_real_file_has_the_published_statistics(data_folder, real):
    trace = table_of(data_folder, real)
    frame, reading = trace.table.to_pandas(), trace.reading

    assert (reading.reader.name, reading.kind.name, len(frame), reading.notes.start) == (real.format, real.kind, real.rows, real.start)
    assert reading.counts.skipped == 0
    for name in ("input_tokens", "output_tokens"):
        if name in real.facts:
            assert np.percentile(frame[name], (50, 90, 99)) == pytest.approx(real.facts[name], abs=1)
    if "rate_rps" in real.facts:
        assert (len(frame) - 1) / frame["arrival_s"].max() == pytest.approx(real.facts["rate_rps"], abs=0.01)
    if "zones" in real.facts:
        assert frame["zone"].nunique() == real.facts["zones"]
    if "availability" in real.facts:
        assert frame["capacity"].mean() == pytest.approx(real.facts["availability"], abs=0.005)
    if "span_days" in real.facts:
        assert frame["time_s"].max() / 86_400 == pytest.approx(real.facts["span_days"], abs=0.1)
    if "events" in real.facts:
        assert sum(map(len, frame["added"])) + sum(map(len, frame["removed"])) == real.facts["events"]
    if "capacity" in real.facts:
        assert (frame["capacity"].min(), frame["capacity"].max()) == real.facts["capacity"]


@pytest.mark.parametrize("real", FILES, ids=lambda real: real.path)
def test_a_real_file_comes_back_from_parquet(data_folder, tmp_path, real):
    trace = table_of(data_folder, real)
    reading = trace.reading
    about = About(reading.kind.name, reading.reader.name, real.path, start=reading.notes.start, facts=reading.notes.facts)
    write_table(tmp_path / "out.parquet", trace.table.to_batches(), lambda: about)

    assert read_trace(tmp_path / "out.parquet").table.equals(trace.table)


def test_no_real_file_is_left_out(data_folder):
    named = {str(path.relative_to(data_folder)) for path in data_folder.rglob("*") if path.is_file()}
    papers = {name for name in named if "LICENSE" in name or "NOTICE" in name or "README" in name}

    # The prices of SkyNomad are no trace by themselves; the folder is, and they are part of it.
    assert named - papers - {"skynomad_v100/v100_spot_prices.json"} == {real.path for real in FILES if "." in real.path}


def test_the_catalogue_knows_the_bytes_of_every_real_file(data_folder):
    for name, known in catalogue().items():
        for file, stated in known.files.items():
            path = data_folder / name / file
            if path.exists():
                assert (path.stat().st_size, sha256(path)) == (stated.bytes, stated.sha256)
    assert {path.name for path in data_folder.iterdir() if path.is_dir()} <= set(catalogue())


def test_the_price_of_a_zone_stands_at_its_own_ticks(data_folder):
    frame = read_trace(data_folder / "skynomad_v100").table.to_pandas()
    prices = frame.groupby("zone")["price_usd_per_h"]

    assert prices.min().min() == pytest.approx(0.92, abs=0.005)
    assert prices.max().max() == pytest.approx(1.85, abs=0.005)
    assert frame["price_usd_per_h"].notna().all()


def test_advice_of_the_spot_advisor(data_folder):
    frame = read_trace(data_folder / "aws_spot_advisor/spot-advisor-data.json").table.to_pandas()
    linux = frame[frame["os"] == "Linux"].set_index(["region", "instance_type"])

    # Bands and savings as published for these regions.
    assert [linux.loc[(region, "p5en.48xlarge"), "band"] for region in ("us-east-1", "us-west-2")] == [0, 0]
    assert [linux.loc[(region, "g6e.xlarge"), "band"] for region in ("us-east-1", "us-west-2")] == [1, 4]
    assert [linux.loc[(region, "p4d.24xlarge"), "band"] for region in ("us-east-1", "us-west-2")] == [2, 4]


def test_lifetimes_of_preemptible_machines(data_folder):
    hours = np.sort(read_trace(data_folder / "goog_preemption/preemptible_vm_lifetimes.csv").table.to_pandas()["lifetime_s"] / 3600)

    def hazard(begin_h, end_h):
        lived = np.clip(hours, begin_h, end_h) - begin_h
        return ((hours >= begin_h) & (hours < end_h)).sum() / lived.sum()

    # Losses an hour, as published; nobody outlives the cap of a day by an hour.
    assert hazard(0, 1) == pytest.approx(0.53, abs=0.01)
    assert hazard(12, 22) == pytest.approx(0.02, abs=0.005)
    assert (hours >= 24).sum() == 354
    assert hours[-1] < 24.9


def test_parcae_counts_the_nodes_of_bamboo(data_folder):
    counts = read_trace(data_folder / "parcae/p3.csv").table.to_pandas()
    nodes = read_trace(data_folder / "bamboo/p3-trace.csv").table.to_pandas()

    assert counts["time_s"].tolist() == nodes["time_s"].tolist()
    assert counts["capacity"].tolist() == nodes["capacity"].tolist()
