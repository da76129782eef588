"""`python -m tests.policies.draw`: the figure and the table of docs/experiment.md on what tiers apart are worth; some ten minutes."""

import tempfile

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cloudsim.report.palette import CONTENDER_COLOURS
from tests.nightly.commands import told
from tests.picture import DOCS, take_figure

RATE_RPS = 5.53  # of the traffic at rate_scale 1
SCALES = (4, 5.5, 7, 9, 11)
DRAWN = {
    "l2a": "elastic, least outstanding",
    "l2a_bands": "elastic, tier bands",
    "dense": "dense, least outstanding",
    "dense_bands": "dense, tier bands",
}
TUNED = ("weights=[3.0,1.0,0.5]", "slack=1.5")  # for the dense model; the entry has those for the elastic one
MEASURES = {"sla_attainment": "in SLA, %", "sla_attainment_premium": "in SLA, premium, %"}


def measured(scale, folder):
    """One run at a load: the four fleets on the same traffic, market and luck."""
    plain = [
        "+experiment=spot_preemption",
        *(f"~contenders.{name}" for name in ("static_small", "static_multi_model", "on_demand", "static_dense")),
    ]
    fleets = [
        "+contender@contenders.l2a_bands=l2a", "+contender@contenders.dense=static_dense", "+contender@contenders.dense_bands=static_dense",
        "routing@contenders.l2a_bands.routing=tier_bands", "routing@contenders.dense_bands.routing=tier_bands",
        *(f"contenders.dense_bands.routing.{words}" for words in TUNED),
    ]  # fmt: skip
    document, _ = told("run", *plain, *fleets, f"workload.rate_scale={scale}", "duration_s=1800", f"output_dir={folder}/{scale}")
    return document["contenders"]


def figure(rows):
    """Args: rows: (scale, contenders)."""
    made = make_subplots(1, 2, subplot_titles=list(MEASURES.values()), horizontal_spacing=0.1)
    for index, (name, label) in enumerate(DRAWN.items()):
        line = {"color": CONTENDER_COLOURS[index // 2], "dash": "solid" if name.endswith("bands") else "dot"}
        for column, key in enumerate(MEASURES, 1):
            means = [100 * found[name][key]["mean"] for _, found in rows]
            made.add_trace(
                go.Scatter(x=[RATE_RPS * scale for scale, _ in rows], y=means, name=label, line=line, showlegend=column == 1), 1, column
            )
    made.update_xaxes(title="requests/s")
    made.update_layout(
        width=1100, height=420, template="plotly_white", margin={"l": 50, "r": 20, "t": 40, "b": 50}, legend={"x": 0.02, "y": 0.05}
    )
    return made


def main():
    with tempfile.TemporaryDirectory() as folder:
        rows = [(scale, measured(scale, folder)) for scale in SCALES]
    for scale, found in rows:
        for name in DRAWN:
            means = [100 * found[name][key]["mean"] for key in MEASURES] + [found[name]["correct_goodput_rps"]["mean"]]
            print(f"{RATE_RPS * scale:.0f} {name}", *(f"{mean:.2f}" for mean in means), flush=True)
    take_figure(figure(rows), DOCS / "tier_bands.png")


if __name__ == "__main__":
    main()
