"""The result tables: every column, its type, unit and meaning. Writers, readers and the report all start from here."""

from dataclasses import dataclass

STATUSES = ("completed", "rejected", "lost", "unfinished")
"""How a request can end; `status` holds one of these words."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, numpy type (or "category" for words from a small set), and what it means, with its unit."""

    name: str
    type: str
    meaning: str


REQUESTS = (
    Column("contender", "category", "contender that served the request"),
    Column("replication", "int16", "index of the replication (seed), from 0"),
    Column("request", "int64", "index in the trace; the same request in every contender"),
    Column("tier", "category", "tier of its user"),
    Column("status", "category", "completed, rejected, lost or unfinished"),
    Column("reason", "category", "why it was rejected or lost; empty otherwise"),
    Column("arrival_s", "float64", "arrival at the gateway"),
    Column("dispatched_s", "float64", "first time a replica took it; NaN if none did"),
    Column("first_token_s", "float64", "first token at the client, which sees nothing of an answer before its review; NaN if none came"),
    Column("done_s", "float64", "end, whatever the status; NaN if unfinished"),
    Column("input_tokens", "int32", "prompt tokens"),
    Column("output_tokens", "int32", "tokens of the answer under its budget, reasoning and all samples included"),
    Column("generated_tokens", "int32", "tokens that reached the client"),
    Column("difficulty", "float32", "latent difficulty in [0, 1]"),
    Column("model", "category", "model of the last replica; empty if none"),
    Column("node", "int32", "last node that held it, index in nodes.parquet of the same run; -1 if none"),
    Column("budget", "float32", "compute budget it was given, in (0, 1]; NaN if never dispatched"),
    Column("depth", "float32", "share of the layers it used"),
    Column("width", "float32", "share of the KV head groups it used"),
    Column("tokens", "float32", "share of its reasoning tokens it was granted"),
    Column("correct", "int8", "1 if the answer is right, 0 if wrong, -1 if there is no answer"),
    Column("met_sla", "int8", "1 if completed within TTFT, TPOT and end-to-end targets of its tier, else 0"),
    Column("preempted", "int32", "times it was preempted in its replica for want of KV blocks"),
    Column("retries", "int32", "times it was handed back because its node went away"),
    Column("migrations", "int32", "times its KV was moved to another node"),
    Column("escalations", "int8", "answers that were thrown away to have another model answer"),
    Column("samples", "int8", "samples of its answer, written one after another, of which a vote takes one"),
    Column("cached_tokens", "int32", "prompt tokens that were not computed, since their KV was kept from an earlier turn"),
    Column("gpu_s", "float64", "GPU-seconds attributed to it"),
    Column("lost_gpu_s", "float64", "of these, GPU-seconds whose result was thrown away"),
    Column(
        "energy_j",
        "float64",
        "energy drawn for it: its GPU-seconds at the mean power that its last node drew in steps; idle time is nobody's",
    ),
    Column("carbon_g", "float64", "CO2 equivalent of that energy, at the mean intensity its last node saw"),
)

NODES = (
    Column("contender", "category", "contender that owned the node"),
    Column("replication", "int16", "index of the replication (seed), from 0"),
    Column("node", "int32", "index of the node in its run"),
    Column("pool", "category", "pool it belongs to"),
    Column("model", "category", "model it serves"),
    Column("instance", "category", "instance type"),
    Column("gpus", "int16", "GPUs of the instance"),
    Column("zone", "category", "zone it ran in"),
    Column("market", "category", "spot or on_demand"),
    Column("requested_s", "float64", "when the market granted it"),
    Column("billed_from_s", "float64", "when the machine ran and billing began; NaN if it never did"),
    Column("ready_s", "float64", "when it took its first request; NaN if never"),
    Column("hinted_s", "float64", "when a rebalance hint came; NaN if none"),
    Column("noticed_s", "float64", "when the notice of the reclaim came; NaN if none"),
    Column("ended_s", "float64", "when it was gone"),
    Column("end_reason", "category", "reclaimed, terminated or horizon"),
    Column("crashes", "int32", "engines on it that crashed for want of memory or GPUs"),
    Column("starting_gpu_s", "float64", "billed before it was ready, and while engines started anew after a crash"),
    Column("useful_gpu_s", "float64", "spent on work that was kept"),
    Column("lost_gpu_s", "float64", "spent on work that was thrown away or done a second time"),
    Column("idle_gpu_s", "float64", "ready without work"),
    Column("billed_gpu_s", "float64", "sum of the four classes"),
    Column("starting_usd", "float64", "cost of starting_gpu_s"),
    Column("useful_usd", "float64", "cost of useful_gpu_s"),
    Column("lost_usd", "float64", "cost of lost_gpu_s"),
    Column("idle_usd", "float64", "cost of idle_gpu_s"),
    Column("transfer_usd", "float64", "cost of KV it sent to other zones"),
    Column("cost_usd", "float64", "sum of the five costs"),
    Column("energy_j", "float64", "energy drawn while it was billed, the data centre's share included"),
    Column("carbon_g", "float64", "CO2 equivalent of that energy"),
)

CHANGES = (
    Column("contender", "category", "contender that owned the node"),
    Column("replication", "int16", "index of the replication (seed), from 0"),
    Column("time_s", "float64", "when the hardware under a replica changed, or the replica was done with such a change"),
    Column("node", "int32", "index of the node, as in nodes.parquet"),
    Column("place", "int16", "which of the node's replicas, from 0"),
    Column("change", "category", "shrunk, grown, reloading (layers come back), crashed, restarting or restarted"),
    Column("gpus", "int16", "GPUs in use afterwards"),
    Column("taken_share", "float64", "share of a GPU's memory that is taken; 1 where a GPU is gone"),
    Column("depth", "float64", "share of the model's layers that is in memory afterwards"),
    Column("kv_tokens", "int64", "tokens whose KV then fits at that depth"),
    Column("takes_s", "float64", "time until layers are back or the engine has started; 0 for what takes none"),
)

DECISIONS = (
    Column("contender", "category", "contender whose policy decided"),
    Column("replication", "int16", "index of the replication (seed), from 0"),
    Column("time_s", "float64", "when it decided"),
    Column("kind", "category", "kind of the policy, such as routing"),
    Column("policy", "category", "class of the policy"),
    Column("request", "int64", "request it decided on, as in requests.parquet; -1 for decisions on the fleet"),
    Column("choice", "category", "what it chose"),
    Column("inputs", "category", "what it looked at, with the values it saw, as a JSON object"),
    Column("alternatives", "category", "what else it could have chosen, as JSON; null where that cannot be listed"),
)

TIMELINE = (
    Column("contender", "category", "contender"),
    Column("replication", "int16", "index of the replication (seed), from 0"),
    Column("time_s", "float64", "end of the interval the row describes"),
    Column("arrived", "int64", "requests that arrived in the interval"),
    Column("completed", "int64", "requests completed in the interval"),
    Column("met_sla", "int64", "of these, within their SLA"),
    Column("missed", "int64", "requests that ended in the interval outside their SLA, lost and rejected ones included"),
    Column("pending", "int64", "waiting at the gateway for any replica, at time_s"),
    Column("waiting", "int64", "waiting in replicas, at time_s"),
    Column("running", "int64", "in a batch, at time_s"),
    Column("kv_used", "float64", "share of the KV blocks of ready replicas in use, at time_s"),
    Column("budget", "float64", "mean budget of requests dispatched in the interval; NaN if none"),
    Column("starting", "int64", "nodes that start, at time_s"),
    Column("ready", "int64", "nodes that take requests, at time_s"),
    Column("noticed", "int64", "nodes under notice, at time_s"),
    Column("resident", "float64", "share of the model's layers in memory, mean over the places for replicas on ready nodes; NaN if none"),
    Column("spot_price_usd_per_h", "float64", "mean spot price over the zones, at time_s"),
    Column("spent_usd", "float64", "bill since the start, at time_s"),
)
