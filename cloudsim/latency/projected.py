"""Step times of a model that is in no table, from those of models that are."""

from collections.abc import Sequence

from cloudsim.errors import ConfigError
from cloudsim.latency.affine import AffineLatency
from cloudsim.latency.fitted import TABLES, LayerTerms, built_latency, latency_table, layer_terms
from cloudsim.models.spec import ModelSpec, find_model
from traces.provenance import Provenance, Source


def extrapolated_latency(
    model: ModelSpec, gpu: str, precision: str, tensor_parallel: int, host_step_s: float, host_sequence_s: float, gate_overhead: float = 0.0
) -> AffineLatency:
    """Step times of a model that is in no table, projected from those that are on the same GPUs.

    Each term of a layer is a line over the layer's weights, each term of a unit one over its head size: what is left at no weights is
    the time of launching a layer's kernels, which bounds a small model. The head is counted with the layers, as the fits do.

    Raises:
        ConfigError: the table has fewer than two models on these GPUs.
    """
    served = (gpu, precision, tensor_parallel)
    fits = [fit for fit in latency_table() if (fit["gpu"], fit["precision"], int(fit["tensor_parallel"])) == served]
    if len(fits) < 2:
        raise ConfigError(
            f"model {model.name} is in no table of step times, and on {gpu}/{precision}/tp{tensor_parallel} there are {len(fits)} models "
            "to project from; take another GPU, precision or tensor_parallel, or model.clock=measured"
        )
    known = [find_model(fit["model"]) for fit in fits]
    tables = []
    for fit, spec in zip(fits, known, strict=True):
        head_ms, terms = layer_terms(fit, spec)
        share = head_ms / spec.layers
        tables.append(terms._replace(layer=terms.layer + share, prefill_floor=terms.prefill_floor + share, prefill=terms.prefill + share))
    weights, sizes = [spec.params / spec.layers for spec in known], [float(spec.head_dim) for spec in known]
    per_unit = ("kv_unit", "prefill_pair_unit")
    projected, errors = {}, []
    for name, values in zip(LayerTerms._fields, zip(*tables, strict=True), strict=True):
        across, at = (sizes, model.head_dim) if name in per_unit else (weights, model.params / model.layers)
        fixed, slope = _line(across, values, through_origin=name in per_unit)
        projected[name] = fixed + slope * at
        if name == "layer":
            errors = [abs((fixed + slope * x) / y - 1) for x, y in zip(across, values, strict=True)]
    source = Source(
        f"step times of {model.name} on {gpu} {precision} tp{tensor_parallel}", Provenance.PROJECTED,
        f"lines over the weights of a layer through {len(fits)} models of the {TABLES}, off by {100 * sum(errors) / len(errors):.0f} % on "
        "average for those",
    )  # fmt: skip
    return built_latency(0.0, LayerTerms(**projected), host_step_s, host_sequence_s, gate_overhead, source)


def _line(across: Sequence[float], values: Sequence[float], through_origin: bool) -> tuple[float, float]:
    """Offset and slope, neither below 0, with the least relative error."""
    weight = [1.0 / max(value, 1e-30) for value in values]
    xx = sum((w * x) ** 2 for w, x in zip(weight, across, strict=True))
    xy = sum(w * w * x * y for w, x, y in zip(weight, across, values, strict=True))
    if not through_origin:
        ones, x1, y1 = (
            sum(w * w for w in weight), sum(w * w * x for w, x in zip(weight, across, strict=True)),
            sum(w * w * y for w, y in zip(weight, values, strict=True)),
        )  # fmt: skip
        spread = ones * xx - x1 * x1
        if spread > 1e-9 * ones * xx:
            slope = (ones * xy - x1 * y1) / spread
            fixed = (y1 - slope * x1) / ones
            if slope < 0:
                return y1 / ones, 0.0
            if fixed >= 0:
                return fixed, slope
    return 0.0, xy / xx
