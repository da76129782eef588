"""`python -m cloudsim models`: what the catalogue knows of models and GPUs, and what one does on the other."""

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from cloudsim.commands.tables import simple_table, table_console

if TYPE_CHECKING:
    from rich.table import Table

    from cloudsim.models.capability import Capability
    from cloudsim.models.spec import ModelSpec

BATCHES, CONTEXTS, PROMPTS, LOADS = (1, 8, 32, 128), (512, 2048, 8192), (128, 512, 2048, 8192), (1, 8, 32, 128)


def main(arguments: list[str]) -> int:
    """List, show, fit or calibrate, and return the exit code."""
    from cloudsim.commands.calibrate import calibrate

    parsed = _parser().parse_args(arguments)
    document, tables = {"list": _list, "show": _show, "fit": _fit, "calibrate": calibrate}[parsed.action](parsed)
    if parsed.json:
        print(json.dumps(document))
        return 0
    console = table_console()
    for table in tables:
        console.print(table)
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m cloudsim models", description="Models of the catalogue, and what they do on a GPU.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="all models, GPUs and instances")
    shown = actions.add_parser("show", help="one model: its shape, its scores, and where it fits")
    fitted = actions.add_parser("fit", help="one model on one GPU: memory, capacity, step times, and what users see at a load")
    calibrated = actions.add_parser("calibrate", help="fit the host's times to load tests of a real engine")
    for one in (shown, fitted, calibrated):
        one.add_argument("name", metavar="NAME", help="a model of the catalogue, or a folder with a config.json")
        one.add_argument("--precision", default="bf16", choices=("bf16", "fp8"), help="of the weights (bf16)")
    for one in (fitted, calibrated):
        one.add_argument("--gpu", required=True, help="a GPU of the catalogue, such as h100, a100, l40s")
        one.add_argument("--tp", type=int, default=1, help="GPUs of one replica (1)")
    calibrated.add_argument(
        "files", nargs="+", metavar="FILE", help="results of `vllm bench serve --save-result`, GuideLLM or AIPerf, of streamed answers"
    )
    fitted.add_argument("--input", type=int, default=1024, metavar="TOKENS", help="prompt of each request in flight (1024)")
    fitted.add_argument("--output", type=int, default=256, metavar="TOKENS", help="its answer (256)")
    fitted.add_argument("--load", type=int, nargs="+", default=LOADS, metavar="N", help="requests in flight (1 8 32 128)")
    for one in (listed, shown, fitted, calibrated):
        one.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    return parser


def _list(parsed: Namespace) -> "tuple[dict[str, Any], list[Table]]":
    from cloudsim.cluster.instances import find_instance, known_instances
    from cloudsim.latency.structural import find_coefficients
    from cloudsim.models.gpu import find_gpu, known_gpus
    from cloudsim.models.spec import find_model, known_models

    models, gpus = [find_model(name) for name in known_models()], [find_gpu(name) for name in known_gpus()]
    tasks = list(dict.fromkeys(task for model in models for task in model.scores))
    first = simple_table("models", ("model", "layers", "heads/KV", "params", "KiB/token", "kind", *tasks), 1)
    for model in models:
        first.add_row(
            model.name, f"{model.layers}", f"{model.query_heads}/{model.kv_heads}", f"{model.params / 1e9:.2f} B",
            f"{model.kv_bytes_per_token() / 1024:.0f}", model.kind,
            *(f"{100 * model.scores[task]:.1f}" if task in model.scores else "–" for task in tasks),
        )  # fmt: skip
    second = simple_table("GPUs", ("GPU", "GiB", "GB/s", "TFLOPS", "in fp8", "W", "link", "step times", "data sheet"), 1)
    for gpu in gpus:
        fp8 = f"{gpu.flops['fp8'] / 1e12:,.0f}" if "fp8" in gpu.flops else "–"
        second.add_row(
            gpu.name, f"{gpu.memory_bytes / 2**30:.0f}", f"{gpu.bandwidth_bytes_per_s / 1e9:,.0f}",
            f"{gpu.flops['bf16'] / 1e12:,.0f}", fp8, f"{gpu.power_w:,.0f}", f"{gpu.link_bytes_per_s / 1e9:,.0f}",
            "measured" if find_coefficients(gpu.name, "bf16") else "estimated", f"{gpu.source.provenance}",
        )  # fmt: skip
    instances = [find_instance(name) for name in known_instances()]
    third = simple_table("instances, USD per hour", ("instance", "GPUs", "on demand", "spot", "dated"), 2)
    for one in instances:
        spot = f"{one.spot_usd_per_h[0]:.2f}–{one.spot_usd_per_h[1]:.2f}" if one.spot_usd_per_h else "–"
        third.add_row(one.name, f"{one.gpus} × {one.gpu}", f"{one.on_demand_usd_per_h:.2f}", spot, one.dated)
    document = {
        "models": [_shape(model) for model in models], "gpus": [gpu.name for gpu in gpus],
        "instances": [
            {
                "name": one.name, "provider": one.provider, "region": one.region, "gpu": one.gpu, "gpus": one.gpus,
                "on_demand_usd_per_h": one.on_demand_usd_per_h, "spot_usd_per_h": one.spot_usd_per_h, "dated": one.dated,
                "source": one.source.origin, "provenance": str(one.source.provenance),
            }
            for one in instances
        ],
    }  # fmt: skip
    return document, [first, second, third]


def _show(parsed: Namespace) -> "tuple[dict[str, Any], list[Table]]":
    from cloudsim.errors import ConfigError
    from cloudsim.models.capability import capability
    from cloudsim.models.gpu import find_gpu, known_gpus
    from cloudsim.models.hugging_face import find_spec_or_folder

    model = find_spec_or_folder(parsed.name)
    title = f"{model.name} in {parsed.precision}, 8 requests of 1,024 + 256 tokens in flight"
    table = simple_table(title, ("GPU", "GPUs", "KV tokens", "TTFT ms", "TPOT ms", "tokens/s", "step times"), 1)
    rows = []
    for name in known_gpus():
        gpu = find_gpu(name)
        why = "does not fit" if parsed.precision in gpu.flops else f"has no {parsed.precision}"
        for count in (1, 2, 4, 8):
            try:
                made = capability(model, gpu, parsed.precision, count, (), (), (), (8,), 1024, 256)
            except ConfigError:
                continue
            served = made.served[8]
            table.add_row(
                name, f"{count}", f"{made.memory.kv_tokens:,}", f"{1e3 * served.ttft_s:.0f}", f"{1e3 * served.tpot_s:.1f}",
                f"{served.output_tokens_per_s:,.0f}", _claim(made),
            )  # fmt: skip
            rows.append({"gpu": name, "tensor_parallel": count, **_figures(made)})
            break
        else:
            table.add_row(name, "–", "–", "–", "–", "–", why)
    table.caption = f"{model.params / 1e9:.2f} B parameters, {model.layers} layers ({model.source})"
    return {**_shape(model), "fits": rows}, [table]


def _fit(parsed: Namespace) -> "tuple[dict[str, Any], list[Table]]":
    from cloudsim.errors import ConfigError
    from cloudsim.models.capability import capability
    from cloudsim.models.gpu import find_gpu
    from cloudsim.models.hugging_face import find_spec_or_folder

    wrong = [f"--{key}: found {value}; accepted: a whole number above 0" for key, value in _counts(parsed) if value < 1]
    if wrong:
        raise ConfigError(*wrong)
    model, gpu = find_spec_or_folder(parsed.name), find_gpu(parsed.gpu)
    made = capability(
        model, gpu, parsed.precision, parsed.tp, BATCHES, CONTEXTS, PROMPTS, parsed.load, parsed.input, parsed.output
    )  # fmt: skip
    where = f"{made.model.name} on {made.tensor_parallel} × {made.gpu.name}, {made.precision}"
    memory = simple_table(f"{where}: memory", ("part", "GB"), 1)
    plan = made.memory
    for part, size in (
        ("usable", plan.usable_bytes), ("weights", plan.weights_bytes), ("engine's reserve", plan.reserve_bytes),
        ("keys and values", plan.kv_tokens * plan.kv_bytes_per_token),
    ):  # fmt: skip
        memory.add_row(part, f"{size / 1e9:.2f}")
    memory.caption = f"{plan.kv_tokens:,} tokens of {plan.kv_bytes_per_token / 1024:.0f} KiB"
    decode = simple_table("decode step, ms", ("sequences", *(f"{context:,} tokens" for context in CONTEXTS)), 0)
    for batch in BATCHES:
        cells = [made.decode_s.get((batch, context)) for context in CONTEXTS]
        decode.add_row(f"{batch}", *("does not fit" if cell is None else f"{1e3 * cell:.2f}" for cell in cells))
    decode.caption = f"{made.latency.source.provenance}: {made.latency.source.origin}"
    prefill = simple_table("prefill, ms", ("prompt", "step"), 0)
    for tokens, value in made.prefill_s.items():
        prefill.add_row(f"{tokens:,} tokens", f"{1e3 * value:.1f}")
    load = simple_table(
        f"requests of {parsed.input:,} + {parsed.output:,} tokens", ("in flight", "TTFT ms", "TPOT ms", "tokens/s"), 0
    )  # fmt: skip
    for count, served in made.served.items():
        load.add_row(f"{count}", f"{1e3 * served.ttft_s:.1f}", f"{1e3 * served.tpot_s:.2f}", f"{served.output_tokens_per_s:,.0f}")
    return _figures(made), [memory, decode, prefill, load]


def _counts(parsed: Namespace) -> list[tuple[str, int]]:
    return [("tp", parsed.tp), ("input", parsed.input), ("output", parsed.output), *(("load", load) for load in parsed.load)]


def _shape(model: "ModelSpec") -> dict[str, Any]:
    return {
        "model": model.name, "layers": model.layers, "query_heads": model.query_heads, "kv_heads": model.kv_heads,
        "head_dim": model.head_dim, "hidden": model.hidden, "params": model.params, "kv_bytes_per_token": model.kv_bytes_per_token(),
        "kind": model.kind, "scores": model.scores, "source": model.source,
    }  # fmt: skip


def _claim(made: "Capability") -> str:
    error = made.latency.decode_error_pct
    return f"{made.latency.source.provenance}{'' if error is None else f', ±{error:.1f} %'}"


def _figures(made: "Capability") -> dict[str, Any]:
    decode: dict[str, dict[str, float]] = {}
    for (batch, context), value in made.decode_s.items():
        decode.setdefault(str(batch), {})[str(context)] = 1e3 * value
    return {
        "kv_capacity_tokens": made.memory.kv_tokens, "weights_bytes": made.memory.weights_bytes, "decode_ms": decode,
        "prefill_ms": {str(tokens): 1e3 * value for tokens, value in made.prefill_s.items()},
        "load": {
            str(load): {"ttft_ms": 1e3 * one.ttft_s, "tpot_ms": 1e3 * one.tpot_s, "output_tokens_per_s": one.output_tokens_per_s}
            for load, one in made.served.items()
        },
        "provenance": str(made.latency.source.provenance), "source": made.latency.source.origin,
        "mape_pct": {"decode": made.latency.decode_error_pct, "prefill": made.latency.prefill_error_pct},
    }  # fmt: skip
