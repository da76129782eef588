"""What became of the replicas when memory was taken from them or GPUs were lost."""

from typing import TYPE_CHECKING

from cloudsim.report.band_figure import band_traces, time_layout
from cloudsim.report.figure import Figure, Plot, Section, table
from cloudsim.report.over_time import TimeGrid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import pandas as pd

COLUMNS = {
    "shrunk": "replicas lost memory", "crashed": "crashed", "restarted": "started anew", "reloading": "loaded layers again",
    "down_s": "minutes of starting anew",
}  # fmt: skip


def hardware_info(changes: "pd.DataFrame", summary: "Mapping[str, Any]") -> "pd.DataFrame":
    """One row a contender and replication: how often each change came, seconds that restarts took, and KV preemptions."""
    import pandas as pd

    runs = ["contender", "replication"]
    evicted = {
        (name, replication): int(count)
        for name, metrics in summary["contenders"].items()
        for replication, count in enumerate(metrics["kv_preemptions"]["seeds"])
    }
    info = pd.DataFrame(index=pd.MultiIndex.from_tuples(evicted, names=runs))
    for name in COLUMNS:
        info[name] = changes[changes["change"] == name].groupby(runs, observed=True).size().reindex(info.index, fill_value=0)
    starts = changes[changes["change"] == "restarting"].groupby(runs, observed=True)["takes_s"].sum()
    info["down_s"] = starts.reindex(info.index, fill_value=0.0)
    info["evicted"] = list(evicted.values())
    return info.reset_index()


def hardware_section(info: "pd.DataFrame", grid: TimeGrid) -> Section:
    """How much of the model is in memory over time, and what happened how often."""
    rows = [
        (
            str(run["contender"]),
            [f"{run['contender']}, replication {run['replication']}"]
            + [f"{run[name] / 60:,.1f}" if name == "down_s" else f"{run[name]:,}" for name in COLUMNS]
            + [f"{run['evicted']:,}"],
        )
        for run in info.to_dict("records")
    ]
    figure = Figure(
        "resident",
        "1 is the whole model on every replica. Leaner levels of an elastic model need fewer layers; a crashed replica has none.",
        {
            "": Plot(
                "Share of the model's layers in memory",
                band_traces(grid, grid.bands(grid.average("resident")), ".1%"),
                time_layout("share of the layers") | {"yaxis": {"title": {"text": "share of the layers"}, "tickformat": ".0%"}},
            )
        },
        table("Replicas by run", ["run", *COLUMNS.values(), "requests preempted for KV memory"], rows),
        wide=True,
    )  # fmt: skip
    text = (
        "Memory was taken from running replicas, or GPUs were lost. A replica that still fits preempts requests; an elastic one gives up "
        "layers; one that does not fit crashes, and starts anew when it does."
    )
    return Section("hardware", "Hardware", text, [figure])
