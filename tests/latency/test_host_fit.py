"""Load tests of three tools, and the host's times that follow from them."""

import json

import pytest

from cloudsim.cli import main
from cloudsim.errors import ConfigError
from cloudsim.latency.benchmarks import read_loads
from cloudsim.latency.host import Host
from cloudsim.latency.host_fit import fit_host
from cloudsim.latency.lookup import find_latency
from cloudsim.models.elastic import static_profile
from cloudsim.models.gpu import find_gpu
from cloudsim.models.spec import find_model
from cloudsim.serving.closed_loop import Limits, closed_loop

MODEL, GPU = find_model("llama-3-8b"), find_gpu("h100")
LIMITS = Limits(27_000 * 256, 16, 2048, 256)
TRUE = Host(400e-6, 12e-6)


def serve(host, load):
    latency = find_latency(MODEL, GPU, "bf16", 1, host)
    return closed_loop(latency, static_profile(MODEL), LIMITS, round(load[0]), round(load[1]), round(load[2]))


def measured(flights=(1, 4, 16, 64), request_s=20e-3):
    """What an engine with other host times would show, by load: in flight, input, output, TTFT, TPOT, all exact."""
    rows = []
    for flight in flights:
        one = serve(TRUE, (flight, 512, 128))
        rows.append((flight, 512, 128, one.ttft_s + request_s, one.tpot_s))
    return rows


def of_vllm(row):
    flight, prompt, output, ttft_s, tpot_s = row
    rate = flight / (ttft_s + tpot_s * (output - 1))
    return {
        "completed": 200, "total_input_tokens": 200 * prompt, "total_output_tokens": 200 * output, "request_throughput": rate,
        "mean_ttft_ms": 1e3 * ttft_s, "mean_tpot_ms": 1e3 * tpot_s, "max_concurrency": flight, "backend": "vllm",
    }  # fmt: skip


def of_guidellm(row):
    names = ("request_concurrency", "prompt_token_count", "output_token_count", "time_to_first_token_ms", "inter_token_latency_ms")
    values = (*row[:3], 1e3 * row[3], 1e3 * row[4])
    return {"metrics": {name: {"successful": {"mean": value}} for name, value in zip(names, values, strict=True)}}


def of_aiperf(row):
    flight, prompt, output, ttft_s, tpot_s = row
    latency_s = ttft_s + tpot_s * (output - 1)
    return {
        "request_throughput": {"unit": "requests/sec", "avg": flight / latency_s},
        "request_latency": {"unit": "ms", "avg": 1e3 * latency_s},
        "time_to_first_token": {"unit": "ms", "avg": 1e3 * ttft_s}, "inter_token_latency": {"unit": "ms", "avg": 1e3 * tpot_s},
        "output_sequence_length": {"unit": "tokens", "avg": output}, "input_sequence_length": {"unit": "tokens", "avg": prompt},
    }  # fmt: skip


@pytest.fixture
def files(tmp_path):
    rows = measured()

    def written(name, content):
        (tmp_path / name).write_text(json.dumps(content))
        return tmp_path / name

    return {
        "vllm": [written(f"vllm{at}.json", of_vllm(row)) for at, row in enumerate(rows)],
        "guidellm": [written("benchmarks.json", {"metadata": {"version": 2}, "benchmarks": [of_guidellm(row) for row in rows]})],
        "aiperf": [written(f"profile_export_aiperf{at}.json", of_aiperf(row)) for at, row in enumerate(rows)],
    }


@pytest.mark.parametrize("tool", ["vllm", "guidellm", "aiperf"])
def test_every_tool_s_files_say_the_same(files, tool):
    loads = read_loads(files[tool])
    for load, (flight, prompt, output, ttft_s, tpot_s) in zip(loads, measured(), strict=True):
        assert (load.in_flight, load.input_tokens, load.output_tokens) == pytest.approx((flight, prompt, output))
        assert (load.ttft_s, load.tpot_s) == pytest.approx((ttft_s, tpot_s))


def test_the_host_s_times_are_found_again(files):
    fit = fit_host(
        read_loads(files["vllm"]), lambda host, load: serve(host, (load.in_flight, load.input_tokens, load.output_tokens)), Host(0, 0)
    )
    assert fit.host.step_s == pytest.approx(TRUE.step_s, rel=0.15)
    assert fit.host.sequence_s == pytest.approx(TRUE.sequence_s, rel=0.15)
    assert fit.request_s == pytest.approx(20e-3, rel=0.1)
    assert fit.after_pct < 1 < fit.before_pct


def test_the_command_tells_the_error_before_and_after_and_how_to_run_with_it(files, capsys):
    words = ["models", "calibrate", "llama-3-8b", "--gpu", "h100", *map(str, files["guidellm"])]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["error_after_pct"] < found["error_before_pct"]
    assert found["overrides"][0].startswith("engine.step_overhead_s=")
    assert len(found["loads"]) == 4
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "to run with it: engine.step_overhead_s=" in shown


def test_one_level_of_load_gives_the_step_alone(files):
    fit = fit_host(
        read_loads(files["vllm"][2:3]), lambda host, load: serve(host, (load.in_flight, load.input_tokens, load.output_tokens)), Host(0, 0)
    )
    assert fit.host.sequence_s == 0
    assert fit.host.step_s > TRUE.step_s
    assert fit.request_s is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is not JSON"), ("[1]", "taken are"), ("{}", "no known tool"), ('{"mean_tpot_ms": 5}', "lacks 'completed'"),
        (json.dumps(of_vllm((1, 512, 128, 0.1, 0.0))), "zero or negative"),
        (json.dumps(of_vllm((1, 512, 128, 0.1, 0.01)) | {"completed": 0}), "lacks"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used_are_all_named(tmp_path, content, told):
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    bad.write_text(content)
    good.write_text(json.dumps(of_vllm(measured((1,))[0])))
    with pytest.raises(ConfigError) as raised:
        read_loads([bad, good, tmp_path / "none.json"])
    assert len(raised.value.problems) == 2
    assert told in raised.value.problems[0]
    assert "none.json: cannot be read" in raised.value.problems[1]
