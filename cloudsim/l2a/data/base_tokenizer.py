"""The tokenizer that belongs to a base model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.vocabulary import build_tokenizer

if TYPE_CHECKING:
    from torch.nn import Module
    from transformers import PreTrainedTokenizerBase

FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")
ROOM = 16
"""Vocabularies of models for the procedural problems are rounded up to a multiple of this."""


def base_tokenizer(model: "Module") -> "PreTrainedTokenizerBase":
    """The tokenizer beside the weights of a dense or elastic model; that of the procedural problems for a model that was made for them.

    Raises:
        ModelError: there is none, it cannot be read, or it has more tokens than the model.
    """
    config: Any = getattr(model, "base", model).config
    place, size = str(getattr(config, "_name_or_path", "") or ""), int(config.vocab_size)
    if place:
        tokenizer = _read(place)
    else:
        tokenizer = build_tokenizer()
        if not 0 <= size - len(tokenizer) < ROOM:
            raise ModelError(
                f"the base model has {size:,} tokens and was not read from a folder, so its tokenizer is not known; save both in one "
                "folder, and give that as the path of cloudsim.l2a.training.finished_model.load_dense"
            )
    if len(tokenizer) > size:
        raise ModelError(f"{place}: the tokenizer has {len(tokenizer):,} tokens, the model {size:,}; put the tokenizer of this model there")
    return tokenizer


def _read(place: str) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    folder = Path(place)
    # Without a file some tokenizers of `transformers` come up empty.
    if folder.is_dir() and not any((folder / name).is_file() for name in FILES):
        raise ModelError(f"{place}: holds no tokenizer ({', '.join(FILES)}); save the tokenizer of the model there")
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(place, local_files_only=folder.is_dir())
    except Exception as error:
        raise ModelError(f"{place}: its tokenizer cannot be read ({' '.join(str(error).split())}); copy it there again") from error
    return tokenizer
