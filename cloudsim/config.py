"""The schema of a run: every key, its type, its unit, its default and its limits.

Hydra composes the YAML files of `experiments/`; `RunConfig.model_validate` turns the result into these objects and reports
every unknown key, wrong type and impossible value at once. A `Component` names a class by `_target_`, so that a user's own
policy or trace source is used without a change here.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]


class Section(BaseModel):
    """A part of the configuration: unknown keys and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Component(BaseModel):
    """A class named by `_target_` (module.Class) and the arguments of its constructor."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, populate_by_name=True)

    target: Annotated[str, Field(alias="_target_", pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the constructor."""
        return dict(self.model_extra or {})


class TierConfig(Section):
    """One class of users and what it was promised."""

    share: Annotated[float, Field(gt=0, le=1)] = Field(description="share of the requests that belong to this tier")
    ttft_s: Positive = Field(description="time to first token promised, seconds after arrival")
    tpot_s: Positive = Field(description="mean time per output token after the first promised, seconds")
    e2e_s: Positive = Field(description="end-to-end latency promised, seconds after arrival")


class WorkloadConfig(Section):
    """What a trace of arrivals and lengths does not say about its requests."""

    rate_scale: Positive = Field(description="arrivals are this many times as dense as in the trace; their burstiness stays")
    reasoning_fraction: Share = Field(description="share of the output tokens that is reasoning, which a budget may shorten")
    difficulty_alpha: Positive = Field(description="first parameter of the Beta distribution of difficulty in [0, 1]")
    difficulty_beta: Positive = Field(description="second parameter of that distribution")
    difficulty_noise: NotNegative = Field(description="standard deviation of the difficulty a router sees around the true one")
    feedback_error: Share = Field(description="share of the answers of which users and verifiers say right for wrong or wrong for right")
    length_noise: NotNegative = Field(
        description="standard deviation of the logarithm of the predicted over the true length of an answer, whose median is 1"
    )
    tenants: Count = Field(description="tenants that share the fleet; requests are divided among them at random")
    tenant_skew: NotNegative = Field(description="exponent of Zipf's law: the r-th tenant sends requests in proportion to r ^ -tenant_skew")
    reasoning_saturation: Positive = Field(
        description="k: under an effort policy a share s of the reasoning keeps (1 - exp(-k s)) / (1 - exp(-k)) of the score"
    )
    confidence_auroc: Annotated[float, Field(ge=0.5, le=1)] = Field(
        description="how well confidences tell right answers from wrong ones: the chance that a right one has more; 1 knows, 0.5 does not"
    )


class ProviderConfig(Section):
    """How a cloud takes spot instances back."""

    name: Name
    notice_s: NotNegative = Field(description="seconds between the notice and the reclaim of a spot instance")
    rebalance_lead_s: NotNegative = Field(description="seconds by which a rebalance hint precedes the notice; 0 sends none")
    rebalance_share: Share = Field(description="share of reclaimed instances that get the hint")
    zones: Annotated[list[Name], Field(min_length=1)] = Field(description="zones the provider has")
    source: Annotated[str, Field(min_length=1)] = Field(description="where the notice and the zones are stated")


class MarketConfig(Section):
    """How a spot trace is laid over the simulated zones."""

    slots_per_zone: Count = Field(description="instances that fit a zone for each unit of capacity in the trace")
    traced_on_demand_usd_per_h: Positive | None = Field(
        description="on-demand price of the traced instance; prices are scaled by the ratio of the on-demand prices. Null keeps them"
    )


class StartupConfig(Section):
    """The cold start of an instance, in the order of its phases."""

    provision_min_s: NotNegative = Field(description="shortest time from the request to a running machine (not billed)")
    provision_max_s: NotNegative = Field(description="longest such time; each start draws uniformly between the two")
    boot_s: NotNegative = Field(description="operating system and container start (billed)")
    load_bytes_per_s: Positive = Field(description="bandwidth at which model weights reach GPU memory")
    engine_start_s: NotNegative = Field(description="engine start after the weights are loaded: compilation, graph capture")

    @model_validator(mode="after")
    def _ordered(self) -> "StartupConfig":
        if self.provision_max_s < self.provision_min_s:
            raise ValueError(f"provision_max_s ({self.provision_max_s}) is below provision_min_s ({self.provision_min_s})")
        return self


class EngineConfig(Section):
    """The serving engine on each replica (the terms are those of vLLM V1)."""

    step_tokens: Count = Field(description="token budget of one step, prompt chunks and decodes together")
    max_sequences: Count = Field(description="sequences that run at once")
    block_tokens: Count = Field(description="tokens in one block of the paged KV cache")
    max_model_tokens: Count = Field(description="longest prompt and answer together")
    memory_fraction: Annotated[float, Field(gt=0, le=1)] = Field(description="share of GPU memory the engine may use")
    precision: Annotated[str, Field(pattern="^(bf16|fp8)$")] = Field(description="bf16 or fp8")
    tensor_parallel: Count = Field(description="GPUs among which each layer of a replica is divided")
    pipeline_parallel: Count = Field(description="stages into which the layers of a replica are divided, each on GPUs of its own")
    step_overhead_s: NotNegative = Field(description="host time added to every step")
    sequence_overhead_s: NotNegative = Field(description="host time added to every step for each running sequence")
    request_overhead_s: NotNegative = Field(description="API and tokenizer time that a client sees before the first token")
    token_overhead_s: NotNegative = Field(description="API time that a client sees for each further token of an answer")
    graph_rounding: bool = Field(description="decode batches take the time of the next size that has a captured CUDA graph")
    reload_bytes_per_s: Positive = Field(description="bandwidth at which layers that had to leave come back from host memory")
    resident_kv_share: Share = Field(
        description="share of the KV tokens of sound GPUs below which an elastic model gives up layers for KV, where memory is taken"
    )

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.tensor_parallel * self.pipeline_parallel


class GatewayConfig(Section):
    """What the gateway does with requests that no replica can take or that lost theirs."""

    queue_timeout_s: Positive = Field(description="a request that waits longer for any ready replica is lost")
    max_retries: Annotated[int, Field(ge=0)] = Field(description="a request that lost its replica more often than this is lost")


class FamilyConfig(Section):
    """Models that may share a fleet: one family, one kind of published score."""

    large: Name
    middle: Name
    small: Name
    elastic: Name = Field(description="elastic profile of the large model")
    task: Name = Field(description="published benchmark that stands for answer quality, such as gsm8k")
    precision: Annotated[str, Field(pattern="^(bf16|fp8)$")] = Field(description="precision in which the family is served by default")


class ModelConfig(Section):
    """Where answers and step times come from."""

    backend: Annotated[str, Field(pattern="^(profiled|recorded|live)$")] = Field(
        description="profiled: lengths of the trace, answers by profile; recorded: problems of a measured profile, as it recorded them; "
        "live: fresh problems, answered by the network"
    )
    clock: Annotated[str, Field(pattern="^(modelled|measured)$")] = Field(
        description="modelled: step times of the fleet's GPU; measured: those of the CPU on which the profile was measured"
    )
    catalog: str | None = Field(description="YAML file with models and elastic profiles of your own; docs/models.md says what is in it")
    measured: str | None = Field(description="folder with profiles that `profile l2a` wrote; null for those of the catalogue")
    step_times: str | None = Field(description="folder with step times that `profile latency` wrote; they come before the catalogue's")


class PoolConfig(Section):
    """Equal replicas of one model."""

    model: Name
    elastic: Name | None = Field(default=None, description="elastic profile, or null for a static model")
    instances: Annotated[int, Field(ge=0)] = Field(description="instances to keep running, or to begin with where a policy scales them")
    instance: Name | None = Field(default=None, description="instance type of this pool, with as many GPUs; null takes fleet.instance")


class ContenderConfig(Section):
    """A fleet and its policies."""

    pools: Annotated[dict[str, PoolConfig], Field(min_length=1)]
    admission: Component
    routing: Component
    budget: Component
    effort: Component | None = Field(default=None, description="null: the level of the budget says how much reasoning is written")
    provisioning: Component
    notice: Component
    scheduling: Component | None = Field(default=None, description="order within a replica; null for vLLM's FCFS, the fastest to simulate")
    cache: Component | None = Field(default=None, description="what KV of conversations is kept longest; null: no prefix cache")
    scaling: Component | None = Field(default=None, description="what sets the instances of the pools; null keeps those configured")


class FleetConfig(Section):
    """What all contenders have in common."""

    instance: Name = Field(description="instance type, from the catalogue")
    instances: Count = Field(description="instances of each contender; pools divide them")
    control_interval_s: Positive = Field(description="seconds between two decisions of the scaling and the provisioning policy")
    pue: Annotated[float, Field(ge=1, allow_inf_nan=False)] = Field(
        description="power usage effectiveness: energy of the data centre for each unit that computes"
    )
    migration_bytes_per_s: Positive = Field(description="bandwidth between instances for moving KV blocks")
    transfer_usd_per_gb: NotNegative = Field(description="price of moving KV blocks to another zone, US dollars per 10^9 bytes")


class RunConfig(Section):
    """One experiment: contenders × replications on the same traces and the same random numbers."""

    seed: Annotated[int, Field(ge=0)] = Field(description="root of all random numbers")
    seeds: Count = Field(description="replications; each has its own traffic, market and luck, shared by all contenders")
    duration_s: Positive = Field(description="simulated seconds during which requests arrive")
    drain_s: NotNegative = Field(description="simulated seconds after that in which running requests may end")
    warm_start: bool = Field(description="instances granted at time 0 are ready at once")
    timeline_interval_s: Positive = Field(description="seconds between two rows of timeline.parquet")
    workers: Annotated[int, Field(ge=1)] | None = Field(description="processes; null takes one a core")
    on_policy_error: Annotated[str, Field(pattern="^(fail|fallback)$")] = Field(
        description="what follows when a policy breaks its contract: the run ends, or a default is taken and the breach is counted"
    )
    policy_timeout_s: Positive = Field(description="seconds of wall clock after which one decision of a policy counts as broken")
    logged_share: Share = Field(description="share of the requests whose decisions go to decisions.parquet, and whether the fleet's do")
    json_output: bool = Field(alias="json", description="print summary.json on standard output and nothing else there")
    output_dir: str = Field(description="run folder")
    traffic: Component
    workload: WorkloadConfig
    tiers: Annotated[dict[str, TierConfig], Field(min_length=1)]
    spot: Component
    hardware: Component
    grid: Component
    market: MarketConfig
    provider: ProviderConfig
    startup: StartupConfig
    engine: EngineConfig
    gateway: GatewayConfig
    family: FamilyConfig
    model: ModelConfig
    fleet: FleetConfig
    contenders: dict[str, ContenderConfig]

    @field_validator("tiers")
    @classmethod
    def _shared_out(cls, tiers: dict[str, TierConfig]) -> dict[str, TierConfig]:
        total = sum(tier.share for tier in tiers.values())
        if abs(total - 1) > 1e-9:
            terms = " + ".join(f"{tier.share:g}" for tier in tiers.values())
            raise ValueError(f"the shares {terms} add up to {total:g}; they must add up to 1")
        return tiers

    @property
    def horizon_s(self) -> float:
        """Simulated time at which the run ends."""
        return self.duration_s + self.drain_s
