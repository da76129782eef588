"""A file of own models, and the folder of one."""

import json
from copy import deepcopy
from pathlib import Path

import yaml

CONFIG = {
    "model_type": "qwen3", "hidden_size": 2304, "intermediate_size": 8192, "num_hidden_layers": 32, "num_attention_heads": 24,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "tie_word_embeddings": True,
}  # fmt: skip
FULL = {"budget": 1.0, "layer_sparsity": 0.0, "head_sparsity": 0.0, "tokens": 1.0, "quality": 1.0, "provenance": "measured"}
CATALOG = {
    "models": {
        "mine": {"folder": "shape", "kind": "base", "scores": {"gsm8k": 81.5}, "provenance": "measured", "source": "our evaluation"}
    },
    "elastic": {
        "mine-l2a": {
            "model": "mine", "skipping": "nested", "gate_overhead": {"value": 0.01, "provenance": "assumed"}, "source": "our gates",
            "levels": [FULL, FULL | {"budget": 0.6, "layer_sparsity": 0.5, "head_sparsity": 0.25, "tokens": 0.9, "quality": 0.9}],
        }
    },
}  # fmt: skip


def write_catalog(folder, change=lambda catalog: None, layers=32):
    """Write the file, changed by `change`, and the folder of its model; returns the file's path."""
    folder, catalog = Path(folder), deepcopy(CATALOG)
    (folder / "shape").mkdir(exist_ok=True)
    (folder / "shape/config.json").write_text(json.dumps(CONFIG | {"num_hidden_layers": layers}))
    change(catalog)
    (folder / "mine.yaml").write_text(yaml.safe_dump(catalog))
    return str(folder / "mine.yaml")
