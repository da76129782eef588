"""Results of load tests of a real engine: vLLM's `bench serve`, GuideLLM and AIPerf."""

import json
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from cloudsim.errors import ConfigError

TOOLS = "the JSON files of `vllm bench serve --save-result`, GuideLLM, and AIPerf (profile_export_aiperf.json)"


@dataclass(frozen=True, slots=True)
class Load:
    """What one level of load showed, as means over its requests.

    Args:
        where: file, and number of the level in it.
        in_flight: requests that the engine had at a time.
        input_tokens, output_tokens: of a request.
        ttft_s, tpot_s: time to the first token, and for each one after it.
    """

    where: str
    in_flight: float
    input_tokens: float
    output_tokens: float
    ttft_s: float
    tpot_s: float


def read_loads(files: "list[Path]") -> list[Load]:
    """All levels of load in the files.

    Raises:
        ConfigError: every file that cannot be read, with the reason.
    """
    loads: list[Load] = []
    problems: list[str] = []
    for file in files:
        try:
            loads += _read(file)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*problems)
    return loads


def _read(file: Path) -> list[Load]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise ConfigError(f"{file}: is not JSON ({error}); taken are {TOOLS}") from None
    levels = found if isinstance(found, list) else [found]
    if isinstance(found, dict) and isinstance(found.get("benchmarks"), list):
        levels = found["benchmarks"]
    return [_load(level, f"{file}, level {at}" if len(levels) > 1 else str(file)) for at, level in enumerate(levels, 1)]


def _load(level: Any, where: str) -> Load:
    try:
        if "mean_tpot_ms" in level:
            made = _of_vllm(level, where)
        elif "metrics" in level:
            made = _of_guidellm(level["metrics"], where)
        elif "inter_token_latency" in level:
            made = _of_aiperf(level, where)
        else:
            raise ConfigError(f"{where}: is of no known tool; taken are {TOOLS}")
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise ConfigError(f"{where}: lacks {error}; taken are {TOOLS}, of a test with streamed answers") from None
    numbers = (made.in_flight, made.input_tokens, made.output_tokens, made.ttft_s, made.tpot_s)
    if not all(isfinite(number) and number > 0 for number in numbers) or made.output_tokens < 2:
        raise ConfigError(f"{where}: a mean is missing, zero or negative, or answers have a single token; repeat the test")
    return made


def _of_vllm(level: dict[str, Any], where: str) -> Load:
    count, ttft_s, tpot_s = level["completed"], level["mean_ttft_ms"] / 1e3, level["mean_tpot_ms"] / 1e3
    output = level["total_output_tokens"] / count
    # Little's law: what it asks for (max_concurrency) is an upper limit only, and absent where a rate was asked for.
    in_flight = level["request_throughput"] * (ttft_s + tpot_s * (output - 1))
    return Load(where, in_flight, level["total_input_tokens"] / count, output, ttft_s, tpot_s)


def _of_guidellm(metrics: dict[str, Any], where: str) -> Load:
    def mean(name: str) -> float:
        return float(metrics[name]["successful"]["mean"])

    return Load(
        where, mean("request_concurrency"), mean("prompt_token_count"), mean("output_token_count"),
        mean("time_to_first_token_ms") / 1e3, mean("inter_token_latency_ms") / 1e3,
    )  # fmt: skip


def _of_aiperf(level: dict[str, Any], where: str) -> Load:
    scale = {"ms": 1e-3, "s": 1.0, "sec": 1.0, "us": 1e-6, "ns": 1e-9}

    def seconds(name: str) -> float:
        return float(level[name]["avg"]) * scale[level[name]["unit"]]

    def mean(name: str) -> float:
        return float(level[name]["avg"])

    in_flight = mean("request_throughput") * seconds("request_latency")
    prompt = mean("input_sequence_length") if "input_sequence_length" in level else mean("total_isl") / mean("request_count")
    return Load(
        where, in_flight, prompt, mean("output_sequence_length"), seconds("time_to_first_token"), seconds("inter_token_latency")
    )  # fmt: skip
