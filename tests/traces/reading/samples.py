"""A well-formed file of every format, made of random rows: what the conformance suite reads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from traces.reading.reader import ReadOptions
from traces.reading.trace import Reading
from traces.stored import About, write_table

ROWS = 60
Rng = np.random.Generator


def _times(rng: Rng, rows: int = ROWS) -> list[int]:
    return np.cumsum(rng.integers(1, 50, rows)).tolist()


def _stamp(second: int, decimals: str = "", zone: str = "") -> str:
    return f"{str(np.datetime64('2024-05-10T22:00:00') + np.timedelta64(second, 's')).replace('T', ' ')}{decimals}{zone}"


def _csv(header: str, rows: list[str], ending: str = "\n") -> bytes:
    return ending.join([*([header] if header else []), *rows, ""]).encode()


def _azure(folder: Path, rng: Rng) -> Path:
    def stamp(t: int) -> str:
        return _stamp(t, str(rng.choice(["", ".5", ".0099300", ".123456789"])), str(rng.choice(["", "Z", "+00:00"])))

    rows = [f"{stamp(t)},{rng.integers(1, 9000)},{rng.integers(1, 900)}" for t in _times(rng)]
    return _write(folder / "trace.csv", _csv("TIMESTAMP,ContextTokens,GeneratedTokens", rows, "\r\n"))


def _burstgpt(folder: Path, rng: Rng) -> Path:
    logs = ("Conversation log", "API log")
    rows = [f"{t},{t % 7 or ''},1.5,GPT-4,{rng.integers(1, 900)},{1 + t % 5},9,{logs[t % 2]}" for t in _times(rng)]
    header = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type"
    return _write(folder / "BurstGPT_3.csv", _csv(header, rows))


def _simple(header: str) -> Callable[[Path, Rng], Path]:
    def made(folder: Path, rng: Rng) -> Path:
        rows = [f"{t}.25,{rng.integers(1, 900)},{rng.integers(1, 900)}" for t in _times(rng)]
        return _write(folder / "trace.csv", _csv(header, rows))

    return made


def _mooncake(folder: Path, rng: Rng) -> Path:
    rows = [
        {"timestamp": 1000 * t, "input_length": int(rng.integers(1, 9000)), "output_length": 5, "hash_ids": list(range(t % 4))}
        for t in _times(rng)
    ]
    return _write(folder / "trace.jsonl", _csv("", [json.dumps(row) for row in rows]))


def _qwen(folder: Path, rng: Rng) -> Path:
    rows = [
        {
            "chat_id": at, "parent_chat_id": at - 1 if at % 3 else -1, "timestamp": t + 0.5, "input_length": 40, "output_length": 5,
            "type": "text", "turn": at % 3 + 1, "hash_ids": [1, at],
        }
        for at, t in enumerate(_times(rng))
    ]  # fmt: skip
    return _write(folder / "qwen.jsonl", _csv("", [json.dumps(row) for row in rows]))


def _servegen(folder: Path, rng: Rng) -> Path:
    for client in (0, 3, 11):
        rows = [
            f"{600 * at},{rng.random():.4f},1.2,{rng.choice(['Gamma', 'Weibull'])},0.8,9.5"
            if rng.random() < 0.6
            else f"{600 * at},0,0,,0,0"
            for at in range(ROWS)
        ]
        _write(folder / f"chunk-{client}-trace.csv", _csv("", rows))
        windows = {str(21600 * at): {"input_tokens": "{10: 0.25, 20: 0.5}", "output_tokens": "{7: 1.0}" if at else "{}"} for at in range(2)}
        _write(folder / f"chunk-{client}-dataset.json", json.dumps(windows, indent=1).encode())
    return folder


def _skypilot(folder: Path, rng: Rng) -> Path:
    document = {"metadata": {"gap_seconds": 300}, "data": [2, *rng.integers(0, 17, ROWS).tolist()], "prices": [0.9] * (ROWS + 1)}
    return _write(folder / "us-east-2b_v100_1.json", json.dumps(document).encode())


def _skynomad(folder: Path, rng: Rng) -> Path:
    stems = ("us-east-1a_v100_1", "us-west-2b_v100_1")
    for stem in stems:
        _write(folder / f"{stem}.csv", _csv("date,availability", [f"{_stamp(195 * at)},{rng.integers(0, 2)}" for at in range(ROWS)]))
    _write(folder / "v100_spot_prices.json", json.dumps({stem: rng.random(ROWS).round(4).tolist() for stem in stems}).encode())
    return folder


def _probes(folder: Path, rng: Rng) -> Path:
    rows = [f"{_stamp(t)},us-east-1{rng.choice(['a', 'b'])},4,{rng.integers(0, 5)},{rng.choice(['True', 'False'])}" for t in _times(rng)]
    return _write(folder / "probes.csv", _csv("scheduled_at,zone,requested,created,capacity_exhausted_detected", rows))


def _changes(rng: Rng) -> list[tuple[int, str, str]]:
    there: set[str] = set()
    events = []
    for at, t in enumerate(np.sort(rng.integers(0, 40, ROWS)).tolist()):
        if there and rng.random() < 0.4:
            node = sorted(there)[int(rng.integers(len(there)))]
            there.remove(node)
            events.append((60_000 * t, "remove", node))
        else:
            there.add(f"node{at}")
            events.append((60_000 * t, "add", f"node{at}"))
    return events


def _bamboo(folder: Path, rng: Rng) -> Path:
    return _write(folder / "p3-trace.csv", _csv("", [f"{t},{action},{node}" for t, action, node in _changes(rng)]))


def _event_lines(folder: Path, rng: Rng) -> Path:
    rows = [json.dumps([t, action, {"nodes": [node], "duration": 60000}]) for t, action, node in _changes(rng)]
    return _write(folder / "trace_hh.txt", _csv("", [*rows, json.dumps([9_000_000, "no-op", {"nodes": []}])]))


def _node_counts(folder: Path, rng: Rng) -> Path:
    return _write(folder / "p3.csv", _csv("", [f"{1000 * (t // 2)},{rng.integers(0, 30)}" for t in _times(rng)]))


def _gcp_counts(folder: Path, rng: Rng) -> Path:
    rows = [f"{_stamp(t).replace(' ', ', ')}, {rng.integers(0, 80)}" for t in _times(rng)]
    rows[3], rows[4] = rows[4], rows[3]
    return _write(folder / "v100x1-east1c.txt", _csv("", rows))


def _price_history(folder: Path, rng: Rng) -> Path:
    listed = [
        {
            "Timestamp": _stamp(t, zone="+00:00").replace(" ", "T"), "InstanceType": f"p3.{2 + 6 * (t % 2)}xlarge",
            "SpotPrice": f"{rng.random():.6f}", "AvailabilityZone": f"us-east-1{'ab'[t % 3 % 2]}",
            "ProductDescription": str(rng.choice(["Linux/UNIX", "Windows"])),
        }
        for t in _times(rng)
    ]  # fmt: skip
    return _write(folder / "history.json", json.dumps({"SpotPriceHistory": listed[::-1]}, indent=1).encode())


def _advisor(folder: Path, rng: Rng) -> Path:
    types = {f"p{at}.large": {"s": int(rng.integers(-20, 90)), "r": int(rng.integers(0, 5))} for at in range(ROWS)}
    document = {"instance_types": {"p3.large": {"cores": 4}}, "spot_advisor": {"us-east-1": {"Linux": types, "Windows": types}}}
    return _write(folder / "spot-advisor-data.json", json.dumps(document).encode())


def _gcp_prices(folder: Path, rng: Rng) -> Path:
    rows = [
        f"{_stamp(t, zone='+02:00').replace(' ', 'T')},a2-highgpu-1g,A100-40GB:1,us-east{t % 2},3.7,{rng.random():.4f}" for t in _times(rng)
    ]
    header = "timestamp,machine_type,accelerator,region,on_demand_usd_per_hour,spot_usd_per_hour"
    return _write(folder / "prices.csv", _csv(header, rows))


def _lifetimes(folder: Path, rng: Rng) -> Path:
    rows = [
        f"vm{t},us-central1-c,n1-highcpu-16,{_stamp(t, '.052', '-07:00').replace(' ', 'T')},{1e5 * rng.random():.3f}"
        for t in _times(rng)[::-1]
    ]
    return _write(folder / "lifetimes.csv", _csv("vm,zone,machine_type,started_at,lifetime_s", rows))


def _columns(folder: Path, rng: Rng) -> Path:
    rows = [f"{t};{rng.integers(1, 900)};{rng.integers(1, 900)};{t % 5 or ''};x" for t in _times(rng)]
    return _write(folder / "mine.csv", _csv("when;prompt;answer;who;other", rows))


def _table(folder: Path, rng: Rng) -> Path:
    reading = Reading(_azure(folder, rng))
    path = folder / "table.parquet"
    write_table(path, reading.batches(), lambda: About("requests", "azure_llm", "made up", start=reading.notes.start))
    return path


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


COLUMN_MAP: dict[str, Any] = {
    "kind": "requests", "delimiter": ";",
    "columns": {"arrival_s": {"from": "when", "unit": "ms"}, "input_tokens": "prompt", "output_tokens": "answer", "session_id": "who"},
}  # fmt: skip
SAMPLES: dict[str, Callable[[Path, Rng], Path]] = {
    "azure_llm": _azure, "burstgpt": _burstgpt, "vidur": _simple("arrived_at,num_prefill_tokens,num_decode_tokens"),
    "splitwise": _simple("arrival_timestamp,prompt_size,token_size"), "mooncake": _mooncake, "qwen_bailian": _qwen, "servegen": _servegen,
    "skypilot": _skypilot, "skynomad": _skynomad, "skynomad_probes": _probes, "bamboo": _bamboo, "node_event_lines": _event_lines,
    "node_counts": _node_counts, "gcp_counts": _gcp_counts, "aws_price_history": _price_history, "aws_spot_advisor": _advisor,
    "gcp_prices": _gcp_prices, "vm_lifetimes": _lifetimes, "columns": _columns, "table": _table,
}  # fmt: skip


def options(name: str) -> ReadOptions:
    """What a reader of this sample has to be told."""
    return ReadOptions(columns=COLUMN_MAP) if name == "columns" else ReadOptions()
