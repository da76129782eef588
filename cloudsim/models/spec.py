"""What is known of a model without running it: its shape, its size and its published scores."""

from dataclasses import dataclass

from cloudsim.catalog import entries, entry
from cloudsim.errors import ConfigError
from traces.provenance import Provenance, Source

BYTES_PER_WEIGHT = {"bf16": 2, "fp8": 1}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One dense transformer.

    Args:
        query_heads: a layer. kv_heads: KV head groups a layer; the unit in which attention can be pruned and its cache freed.
        hidden: width of the residual stream.
        layer_params: parameters of one layer's matrices. params: of the whole model.
        kind: base or instruct; scores of different kinds are not compared.
        scores: published or measured share of right answers in [0, 1] by benchmark.
    """

    name: str
    layers: int
    query_heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    vocab: int
    layer_params: int
    params: float
    kind: str
    scores: dict[str, float]
    source: str
    provenance: Provenance = Provenance.PUBLISHED

    def weights_bytes(self, precision: str, layers: int | None = None) -> float:
        """Bytes of the weights in `precision`: of all of them, or with so many of the layers."""
        gone = 0 if layers is None else self.layers - layers
        return (self.params - gone * self.layer_params) * BYTES_PER_WEIGHT[precision]

    def kv_bytes_per_token(self) -> int:
        """Bytes of keys and values of one token in all layers, in bf16."""
        return 2 * self.layers * self.kv_heads * self.head_dim * 2

    def score(self, task: str) -> float:
        """Share of right answers on `task`; `ConfigError` if none is known."""
        if task not in self.scores:
            raise ConfigError(f"model {self.name} has no published score for task {task!r}; known: {', '.join(sorted(self.scores))}")
        return self.scores[task]

    def score_source(self, task: str) -> Source:
        """Where that score comes from."""
        return Source(f"{task} score of {self.name} ({self.kind})", self.provenance, self.source)


def find_model(name: str) -> ModelSpec:
    """The model called `name`; `ConfigError` with the known names if there is none."""
    found = entry("cloudsim.models.catalog", "models.yaml", "model", name)
    scores = {task: percent / 100 for task, percent in found["scores"].items()}
    shape = {key: int(found[key]) for key in ("layers", "query_heads", "kv_heads", "head_dim", "hidden", "vocab")}
    return ModelSpec(
        name=name, layers=shape["layers"], query_heads=shape["query_heads"], kv_heads=shape["kv_heads"], head_dim=shape["head_dim"],
        hidden=shape["hidden"], vocab=shape["vocab"], layer_params=layer_params(**shape, ffn=found["ffn"]), params=float(found["params"]),
        kind=found["kind"], scores=scores, source=found["source"],
    )  # fmt: skip


def known_models() -> list[str]:
    """Names in the catalogue."""
    return list(entries("cloudsim.models.catalog", "models.yaml"))


def layer_params(query_heads: int, kv_heads: int, head_dim: int, hidden: int, ffn: int, **_: int) -> int:
    """Parameters of the matrices of one layer of a Llama or Qwen3: query, key, value and output projections, and a gated MLP."""
    return hidden * head_dim * 2 * (query_heads + kv_heads) + 3 * hidden * ffn
