"""`python -m cloudsim models calibrate`: fits the host's times to load tests of a real engine."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


def calibrate(parsed: Namespace) -> "tuple[dict[str, Any], list[Table]]":
    """The document and the table of one calibration.

    Raises:
        ConfigError: the model does not fit, or a file cannot be used.
    """
    from cloudsim.commands.tables import simple_table
    from cloudsim.errors import ConfigError
    from cloudsim.latency.benchmarks import Load, read_loads
    from cloudsim.latency.host import Host
    from cloudsim.latency.host_fit import fit_host
    from cloudsim.latency.lookup import find_latency
    from cloudsim.models.capability import HOST, MAX_SEQUENCES, replica_limits
    from cloudsim.models.elastic import static_profile
    from cloudsim.models.gpu import find_gpu
    from cloudsim.models.hugging_face import find_spec_or_folder
    from cloudsim.serving.closed_loop import Served, closed_loop

    model, gpu = find_spec_or_folder(parsed.name), find_gpu(parsed.gpu)
    loads = read_loads([Path(file) for file in parsed.files])
    heavy = [load.where for load in loads if round(load.in_flight) > MAX_SEQUENCES]
    if heavy:
        raise ConfigError(*(f"{where}: more than {MAX_SEQUENCES} requests in flight, of which some waited" for where in heavy))
    _, limits = replica_limits(model, gpu, parsed.precision, parsed.tp)
    profile = static_profile(model)

    def serve(host: Host, load: Load) -> Served:
        latency = find_latency(model, gpu, parsed.precision, parsed.tp, host)
        return closed_loop(latency, profile, limits, max(1, round(load.in_flight)), round(load.input_tokens), round(load.output_tokens))

    fit = fit_host(loads, serve, HOST)
    overrides = [f"engine.step_overhead_s={fit.host.step_s:.4g}", f"engine.sequence_overhead_s={fit.host.sequence_s:.4g}"]
    if fit.request_s is not None:
        overrides.append(f"engine.request_overhead_s={fit.request_s:.4g}")
    heads = ("file", "in flight", "tokens", "measured ms", "before ms", "after ms")
    table = simple_table(f"time per output token of {model.name} on {parsed.tp} × {gpu.name}, {parsed.precision}", heads, 1)
    for load, (measured, before, after) in zip(loads, fit.tpot_s, strict=True):
        table.add_row(
            load.where, f"{load.in_flight:.1f}", f"{load.input_tokens:,.0f} + {load.output_tokens:,.0f}",
            *(f"{1e3 * value:.2f}" for value in (measured, before, after)),
        )  # fmt: skip
    table.caption = f"mean error {fit.before_pct:.1f} % before, {fit.after_pct:.1f} % after\nto run with it: {' '.join(overrides)}"
    document = {
        "step_overhead_s": fit.host.step_s, "sequence_overhead_s": fit.host.sequence_s, "request_overhead_s": fit.request_s,
        "error_before_pct": fit.before_pct, "error_after_pct": fit.after_pct, "overrides": overrides,
        "loads": [
            {
                "where": load.where, "in_flight": load.in_flight, "measured_ms": 1e3 * measured, "before_ms": 1e3 * before,
                "after_ms": 1e3 * after,
            }
            for load, (measured, before, after) in zip(loads, fit.tpot_s, strict=True)
        ],
    }  # fmt: skip
    return document, [table]
