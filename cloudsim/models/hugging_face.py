"""A model's shape from the `config.json` of its folder, as `transformers` writes it."""

import json
from pathlib import Path
from typing import Any

from cloudsim.errors import ModelError
from cloudsim.models.spec import ModelSpec, find_model, layer_params
from traces.provenance import Provenance

CONFIG = "config.json"
KEYS = {
    "layers": "num_hidden_layers", "query_heads": "num_attention_heads", "hidden": "hidden_size", "ffn": "intermediate_size",
    "vocab": "vocab_size",
}  # fmt: skip
UNSCORED = "unscored"


def read_spec(folder: Path) -> ModelSpec:
    """The model in `folder`, without scores.

    Raises:
        ModelError: there is no configuration of a dense transformer with a gated MLP; every missing key is named.
    """
    path = folder / CONFIG
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({' '.join(str(error).split())}); give a folder with a config.json") from None
    problems = [f"{path}: {key} is missing or no whole number above 0" for key in KEYS.values() if not _whole(found, key)]
    if isinstance(found, dict) and found.get("num_experts"):
        problems.append(f"{path}: a mixture of experts; only dense models are known")
    if problems:
        raise ModelError(*problems)
    shape = {name: int(found[key]) for name, key in KEYS.items()}
    shape["kv_heads"] = int(found.get("num_key_value_heads") or shape["query_heads"])
    shape["head_dim"] = int(found.get("head_dim") or shape["hidden"] // shape["query_heads"])
    one = layer_params(**shape)
    words = shape["vocab"] * shape["hidden"] * (1 if found.get("tie_word_embeddings") else 2)
    return ModelSpec(
        name=folder.resolve().name, layers=shape["layers"], query_heads=shape["query_heads"], kv_heads=shape["kv_heads"],
        head_dim=shape["head_dim"], hidden=shape["hidden"], vocab=shape["vocab"], layer_params=one,
        params=float(words + shape["layers"] * one), kind=UNSCORED, scores={}, source=str(path), provenance=Provenance.PROJECTED,
    )  # fmt: skip


def find_spec_or_folder(name: str) -> ModelSpec:
    """The model of the catalogue called `name`, or the one in the folder `name`.

    Raises:
        ConfigError, ModelError: there is neither.
    """
    folder = Path(name)
    return read_spec(folder) if (folder / CONFIG).is_file() or "/" in name else find_model(name)


def _whole(found: Any, key: str) -> bool:
    value = found.get(key) if isinstance(found, dict) else None
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
