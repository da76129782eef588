"""What an elastic model is made of: the base it wraps, and the shape of its gates."""

from collections.abc import Sequence
from typing import Any

from transformers import PretrainedConfig

from cloudsim.errors import ModelError

ARCHITECTURES = {"llama": "LlamaForCausalLM", "qwen3": "Qwen3ForCausalLM"}
MODES = ("faithful", "nested")


class L2AConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """Configuration of `L2AForCausalLM`.

    Args:
        base: configuration of the wrapped model, as `transformers` writes it.
        mode: `faithful`, independent gates at every layer as published; or `nested`, one decision after the first layer, skip sets nested.
        gate_hidden: width of each gate's hidden layer.
        budget_features: width of the budget's embedding.
        lora_rank, lora_alpha: of the adapters on every linear layer; rank 0 for none.
        depth_map, width_map: pairs (asked, given to the gates) that make realised compute what was asked, from calibration; linear between.
        levels: settings of the dial in `nested` mode: sequences of one level share one skip set. 0 leaves the dial continuous.
        base_path: where the base is: a path relative to the folder of the saved model, or a Hugging Face name; None if that includes it.
        base_sha256: of the base model's weights, so that gates never meet another base.
    """

    model_type = "l2a"

    def __init__(
        self, base: dict[str, Any] | None = None, mode: str = "nested", gate_hidden: int = 32, budget_features: int = 16,
        lora_rank: int = 16, lora_alpha: int = 32, depth_map: Sequence[tuple[float, float]] | None = None,
        width_map: Sequence[tuple[float, float]] | None = None, levels: int = 0, base_path: str | None = None,
        base_sha256: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.base = dict(base or {})
        self.mode, self.gate_hidden, self.budget_features = mode, gate_hidden, budget_features
        self.lora_rank, self.lora_alpha = lora_rank, lora_alpha
        self.depth_map = _points(depth_map)
        self.width_map = _points(width_map)
        self.levels, self.base_path, self.base_sha256 = levels, base_path, base_sha256
        super().__init__(**kwargs)
        if self.base:
            self.tie_word_embeddings = bool(self.base.get("tie_word_embeddings", False))
            problems = base_problems(self.base)
            if mode not in MODES:
                problems.append(f"mode is {mode!r}; there are {' and '.join(MODES)}")
            if problems:
                raise ModelError(*problems)

    @property
    def layers(self) -> int:
        """Decoder layers of the base."""
        return int(self.base["num_hidden_layers"])

    @property
    def groups(self) -> int:
        """KV head groups of each layer."""
        return int(self.base["num_key_value_heads"])


def base_problems(base: dict[str, Any]) -> list[str]:
    """Why a model of this configuration cannot be made elastic, one message each."""
    problems = []
    if base.get("model_type") not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES.values()))
        problems.append(f"the base model is of type {base.get('model_type')!r}; L2A wraps {known}")
    problems += [
        f"the base model has {key}={base[key]!r}, which L2A does not support; a model without it is needed"
        for key in ("attention_bias", "mlp_bias", "use_sliding_window")
        if base.get(key)
    ]
    return problems


def _points(pairs: Sequence[tuple[float, float]] | None) -> list[tuple[float, float]]:
    return [(float(asked), float(given)) for asked, given in pairs or ((0.0, 0.0), (1.0, 1.0))]
