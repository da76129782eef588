"""The elastic model: any Llama or Qwen3 of `transformers`, wrapped without a fork."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from cloudsim.errors import ModelError
from cloudsim.l2a.base_reference import empty_base
from cloudsim.l2a.configuration import L2AConfig, base_problems
from cloudsim.l2a.fingerprint import standing, weights_sha256
from cloudsim.l2a.gates import Decision, FaithfulGates, NestedGates, StopGate, pooled
from cloudsim.l2a.layer import causal_mask, gated_layer, normalised

if TYPE_CHECKING:
    from cloudsim.l2a.decoder import SkippingDecoder
    from cloudsim.l2a.generation import Words
    from cloudsim.l2a.padded_batch import Budget

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
# What the Auto classes of `transformers` hand on; a folder on this disk needs none of it.
FROM_AUTO = frozenset({
    "config", "adapter_kwargs", "trust_remote_code", "cache_dir", "force_download", "local_files_only", "proxies", "revision", "subfolder",
    "token", "_from_auto", "_commit_hash", "code_revision",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class L2AOutput:
    """What a forward pass gives.

    Args:
        logits: shape (rows, length, vocabulary).
        layers: α of each row and layer. Shape (rows, layers).
        groups: β of each row, layer and head group. Shape (rows, layers, groups).
        stop: logits of τ at each position. Shape (rows, length).
    """

    logits: Tensor
    layers: Tensor
    groups: Tensor
    stop: Tensor


class L2AForCausalLM(PreTrainedModel):  # type: ignore[no-untyped-call]
    """A dense model with LoRA on its linear layers, and gates that read a compute budget.

    `forward` computes every layer and scales it by its gate: the form in which the model is trained. `generate` really skips.
    """

    config_class = L2AConfig
    base_model_prefix = "base"
    config: L2AConfig
    # What `decoder` made last, and from which weights. (Any: `transformers` evaluates the annotations of a model when its class is made.)
    _decoder: Any = None

    def __init__(self, config: L2AConfig, base: nn.Module | None = None) -> None:
        super().__init__(config)
        self.base: Any = base if base is not None else empty_base(config)
        if config.lora_rank:
            from peft import LoraConfig, inject_adapter_in_model

            adapters = LoraConfig(r=config.lora_rank, lora_alpha=config.lora_alpha, lora_dropout=0.0, target_modules=list(LINEAR))
            self.base = inject_adapter_in_model(adapters, self.base)
        width = int(config.base["hidden_size"])
        shape = (config.layers, config.groups, width, config.gate_hidden)
        self.gates = FaithfulGates(*shape, config.budget_features) if config.mode == "faithful" else NestedGates(*shape)
        self.stop = StopGate(width, config.gate_hidden, config.budget_features)
        if isinstance(self.gates, NestedGates):
            self.gates.set_levels(config.levels)
        for name, parameter in self.base.named_parameters():
            parameter.requires_grad_("lora_" in name)
        self._layer = gated_layer

    @classmethod
    def wrap(cls, base: nn.Module, **options: Any) -> "L2AForCausalLM":
        """Make a dense model of `transformers` elastic; `base` itself becomes a part of the result.

        Args:
            options: arguments of `L2AConfig`.

        Raises:
            ModelError: the model is of another architecture.
        """
        dense = cast(Any, base)
        described = dense.config.to_dict()
        place = described.pop("_name_or_path", None) or None
        if problems := base_problems(described):
            raise ModelError(*problems)
        described["dtype"] = str(dense.model.embed_tokens.weight.dtype).removeprefix("torch.")
        if place is not None and Path(place).is_dir():
            place = str(Path(place).resolve())
        known: dict[str, Any] = {"base_path": place, "base_sha256": weights_sha256(base)} | options
        return cls(L2AConfig(base=described, **known), base)

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing: gates and adapters set their own."""

    def save_pretrained(  # type: ignore[override]
        self, folder: str | Path, base: str | Path | None = None, *, merged: bool = False, dtype: torch.dtype | None = None,
        tokenizer: Any = None, command: str | None = None, sparsity: Mapping[float, tuple[float, float]] | None = None,
    ) -> None:  # fmt: skip
        """Write gates and adapters with their configuration and a model card; an earlier model in `folder` is replaced at once.

        Args:
            base: folder or Hugging Face name of the base, to which the saved model refers; by default where it was loaded from. A base
                that was never saved anywhere is included.
            merged: include the base, so that the folder needs nothing else.
            dtype: of the saved base and adapters; as they are by default, as gates are in any case.
            tokenizer: saved beside them.
            command: that trained the model, for the card.
            sparsity: of each budget, the shares of layers and head groups skipped, for the card.

        Raises:
            ModelError: `base` is not the model that was wrapped, or `folder` holds other things.
        """
        from cloudsim.l2a.checkpoint_folder import save_elastic
        from cloudsim.l2a.model_card import TrainingNotes

        save_elastic(self, Path(folder), base, merged, dtype, tokenizer, TrainingNotes(command, sparsity or {}))

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, folder: str | Path, base: "str | Path | nn.Module | None" = None, *, dtype: torch.dtype | None = None, **hub: Any
    ) -> "L2AForCausalLM":
        """Read what `save_pretrained` wrote, with its base.

        Args:
            base: folder or Hugging Face name of the base, or the dense model itself, which becomes a part of the result; by default what
                the saved model refers to.
            dtype: of the result; by default that in which the base was wrapped.

        Raises:
            ModelError: a file is missing, truncated or does not fit, or the base is another model.
        """
        if unknown := sorted(set(hub) - FROM_AUTO):
            raise ModelError(f"from_pretrained: {', '.join(unknown)} is not supported; there are base and dtype")
        from cloudsim.l2a.checkpoint_folder import load_elastic

        model = load_elastic(cls, Path(folder), base)
        if dtype is not None:
            cast(nn.Module, model).to(dtype)
        return model

    def compile_layers(self, wanted: bool = True) -> None:
        """Compile the layer for training, or stop doing so: one graph for all layers, one for each shape of batch."""
        self._layer = cast(Any, torch.compile(gated_layer, dynamic=False)) if wanted else gated_layer

    def forward(
        self, input_ids: Tensor, prompt_tokens: Tensor, budget: Tensor, temperature: float = 1.0, hard: bool = True,
        masks: tuple[Tensor, Tensor] | None = None, gate_heads: bool = True,
    ) -> L2AOutput:  # fmt: skip
        """Run rows that are padded on the right.

        Args:
            input_ids: shape (rows, length).
            prompt_tokens: tokens of each row's prompt, which the gates read. Shape (rows,).
            budget: (depth, width, tokens) of each row, in [0, 1]. Shape (rows, 3).
            temperature: of the gates.
            hard: gates of 0 and 1 with straight-through gradients, else soft ones.
            masks: layers (rows, layers) and groups (rows, layers, groups) to use in place of the gates.
            gate_heads: whether head groups are gated; else all of them run.
        """
        inner = self.base.model
        hidden = inner.embed_tokens(input_ids)
        length = input_ids.shape[1]
        positions = torch.arange(length, device=hidden.device)
        cos, sin = inner.rotary_emb(hidden, positions.unsqueeze(0))
        mask = causal_mask(length, hidden.device, hidden.dtype)
        prompt = positions < prompt_tokens.unsqueeze(1)
        layers, groups = [], []
        for index, layer in enumerate(inner.layers):
            if masks is None:
                state = pooled(hidden, prompt) if self.gates.reads(index) else None
                decision = self.gates.decide(index, state, budget, temperature, hard)
            else:
                decision = Decision(masks[0][:, index], masks[1][:, index])
                if not bool(decision.layer.any()):
                    layers.append(decision.layer)
                    groups.append(decision.groups)
                    continue
            kept = decision.groups if gate_heads else torch.ones_like(decision.groups)
            hidden = self._layer(layer, hidden, cos, sin, mask, decision.layer, kept)
            layers.append(decision.layer)
            groups.append(kept)
        hidden = normalised(hidden, inner.norm)
        return L2AOutput(self.base.lm_head(hidden), torch.stack(layers, 1), torch.stack(groups, 1), self.stop(hidden, budget))

    def generate(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, *, budget: "Budget" = 1.0, max_new_tokens: int = 100,
        do_sample: bool = False, temperature: float = 1.0, top_p: float = 1.0, seed: int = 0, cache_implementation: str = "static",
        tokenizer: Any = None, words: "Words | None" = None, pad_token_id: int | None = None,
    ) -> Tensor:  # fmt: skip
        """Go on with prompts, really skipping what the gates close.

        Args:
            input_ids: prompts, padded on the left. Shape (rows, length).
            attention_mask: 1 at their tokens. Shape (rows, length).
            budget: b, or depth, width and tokens; one for all rows or one for each.
            max_new_tokens: longest answer.
            do_sample: draw tokens with `temperature`, `top_p` and `seed`; else the likeliest is taken.
            cache_implementation: `static` reserves keys and values for the longest answer at once, `dynamic` lets them grow.
            tokenizer, words: where an answer ends, and what ends the reasoning: read from a tokenizer, or given; else the configuration
                of the base says where an answer ends, and reasoning is never cut.
            pad_token_id: fills rows that end early; by default that of the base, or its end token, or 0.

        Returns:
            Prompts and answers, shape (rows, length + longest answer).

        Raises:
            ModelError: a prompt is empty, too long or padded on the right, or a budget or setting is outside its limits.
        """
        from cloudsim.l2a.generation import Stopping, Words, generate
        from cloudsim.l2a.padded_batch import budgets_of, joined, prompts_of
        from cloudsim.l2a.plan import GatePlanner
        from cloudsim.l2a.sampling import Sampling
        from cloudsim.l2a.words import words_of

        if cache_implementation not in ("static", "dynamic"):
            raise ModelError(f"cache_implementation is {cache_implementation!r}; there are 'static' and 'dynamic'")
        prompts = prompts_of(input_ids, attention_mask)
        asked = budgets_of(budget, len(prompts))
        end = self.config.base.get("eos_token_id")
        ends = frozenset([] if end is None else [end] if isinstance(end, int) else end)
        if words is None:
            words = words_of(tokenizer) if tokenizer is not None else Words(ends)
        sampling = Sampling(temperature if do_sample else 0.0, top_p, seed)
        # Trained gates turn freely; only resting ones use the levels of the dial.
        training = self.gates.training
        self.gates.eval()
        try:
            answers = generate(
                self.decoder(), prompts, asked, GatePlanner(self), words, max_new_tokens, sampling=sampling,
                stopping=Stopping(self.stop, asked), static_cache=cache_implementation == "static",
                longest=int(self.config.base["max_position_embeddings"]),
            )  # fmt: skip
        finally:
            self.gates.train(training)
        pad = pad_token_id if pad_token_id is not None else self.config.base.get("pad_token_id")
        return joined(input_ids, answers.tokens, pad if pad is not None else min(words.end, default=0))

    def decoder(self) -> "SkippingDecoder":
        """The model in the form that skips; made once, and again when weights have changed."""
        from cloudsim.l2a.decoder import SkippingDecoder

        now = standing(self.base.parameters())
        if self._decoder is None or self._decoder[0] != now:
            self._decoder = (now, SkippingDecoder(self.base, self.base.model.embed_tokens.weight.dtype))
        return cast("SkippingDecoder", self._decoder[1])

    def train(self, mode: bool = True) -> "L2AForCausalLM":
        """As in PyTorch; the form that skips is made anew afterwards."""
        self._decoder = None
        return cast("L2AForCausalLM", super().train(mode))
