"""The model card of an elastic model: a README.md that Hugging Face reads too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What the mode does, for somebody who has not read the paper.
MODE_TEXTS = {
    "faithful": "independent gates at every layer, as published",
    "nested": "one decision a sequence, read after the first layer; of two budgets the smaller one's layers are among the larger one's",
}


@dataclass(frozen=True, slots=True)
class TrainingNotes:
    """What only the person who trained a model knows.

    Args:
        command: that trained it.
        sparsity: of each budget b, the shares of layers and of head groups that were skipped, each in [0, 1].
    """

    command: str | None = None
    sparsity: Mapping[float, tuple[float, float]] = field(default_factory=dict)


def model_card(config: Any, parameters: int, notes: TrainingNotes) -> str:
    """The text of the card.

    Args:
        config: an `L2AConfig`, as it is saved.
        parameters: number of the saved ones.
        notes: of the training.
    """
    reference, kept = config.base_path, config.base_sha256
    front = ["---", "library_name: transformers", "tags: [l2a, elastic, cloudsim]"]
    if reference and not reference.startswith("."):
        front.append(f"base_model: {reference}")
    text = [
        *front, "---", f"# A {config.base['model_type']} model made elastic ({config.mode} gates)", "",
        f"Gates and LoRA adapters (L2A, arXiv:2606.27743) that let a `{config.base['model_type']}` model skip layers and head groups "
        "under a compute budget.", "",
        f"- Mode: `{config.mode}`: {MODE_TEXTS[config.mode]}.",
        f"- Base: `{reference}`, not in this folder." if reference else "- Base: included in this folder.",
        f"- sha256 of the base's weights: `{kept}`.",
        f"- {config.layers} layers, {config.groups} head groups each; LoRA rank {config.lora_rank}; {parameters:,} parameters saved.", "",
        "```python", "from cloudsim.l2a.network import L2AForCausalLM", "", 'model = L2AForCausalLM.from_pretrained("this folder")',
        "tokens = model.generate(input_ids, attention_mask, budget=0.6, max_new_tokens=100)", "```",
    ]  # fmt: skip
    if notes.sparsity:
        text += ["", "## Realised sparsity", "", "| budget | layers skipped % | head groups skipped % |", "|---|---|---|"]
        rows = sorted(notes.sparsity.items(), reverse=True)
        text += [f"| {budget:g} | {100 * layers:.1f} | {100 * groups:.1f} |" for budget, (layers, groups) in rows]
    if notes.command:
        text += ["", "## How it was made", "", "```", notes.command, "```"]
    return "\n".join(text) + "\n"
