"""Step times out of NVIDIA's measured operator tables, which `aiconfigurator-core` (extra `profile`) carries and adds up."""

import json
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cloudsim.errors import ConfigError
from cloudsim.latency.levelling import levelled
from cloudsim.latency.measurements import DecodePoints, PromptPoints
from cloudsim.models.gpu import Gpu
from cloudsim.models.spec import ModelSpec

PACKAGE = "aiconfigurator-core"
SEQUENCES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
TOKENS = (128, 512, 1024, 2048, 4096, 8192)
PROMPTS = (16, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
QUANT = {"bf16": "bfloat16", "fp8": "fp8"}


def operator_points(
    model: ModelSpec, gpu: Gpu, precision: str, tensor_parallel: int, told: Callable[[float], None]
) -> tuple[DecodePoints, PromptPoints, str]:
    """Decode steps and prompts of `model` as vLLM runs it, and where they come from.

    Args:
        told: is called with the share that is done.

    Raises:
        ConfigError: the package is not installed, or it has no tables for the GPU or the model.
    """
    problems = []
    if find_spec("aiconfigurator_core") is None:
        problems.append('the operator tables are not installed; pip install "cloudsim[profile]", or give decode=FILE and prompts=FILE')
    if gpu.tables is None:
        problems.append(f"gpu: there are no operator tables of {gpu.name}; give decode=FILE and prompts=FILE of your own measurements")
    if problems:
        raise ConfigError(*problems)
    engine = _engine(model, gpu, precision, tensor_parallel)
    total, done = len(SEQUENCES) * len(TOKENS) + len(PROMPTS), 0
    grid = np.empty((len(SEQUENCES), len(TOKENS)))
    for row, count in enumerate(SEQUENCES):
        for column, held in enumerate(TOKENS):
            grid[row, column] = engine.predict_decode_latency(count, held, 2)
            told((done := done + 1) / total)
    prompts = np.array([engine.predict_prefill_latency(1, tokens) for tokens in PROMPTS])
    told(1.0)
    origin = f"{PACKAGE} {version(PACKAGE)} operator tables (vLLM)"
    return (
        DecodePoints(SEQUENCES, TOKENS, tuple(map(tuple, levelled(grid).tolist()))),
        PromptPoints(PROMPTS, tuple(levelled(prompts).tolist())),
        origin,
    )


def _engine(model: ModelSpec, gpu: Gpu, precision: str, tensor_parallel: int) -> Any:
    handle: Any = import_module("aiconfigurator_core.sdk.engine").EngineHandle
    with TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(_config(model)), encoding="utf-8")
        try:
            return handle.compile(
                folder, gpu.tables, "vllm", tp_size=tensor_parallel, gemm_quant_mode=QUANT[precision], kvcache_quant_mode="bfloat16",
                fmha_quant_mode="bfloat16",
            )  # fmt: skip
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise ConfigError(f"{PACKAGE} cannot add up {model.name} on {gpu.name} {precision} tp{tensor_parallel}: {said}") from error


def _config(model: ModelSpec) -> dict[str, Any]:
    """What it reads of a Hugging Face configuration."""
    attention = 2 * model.hidden * model.head_dim * (model.query_heads + model.kv_heads)
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": model.layers,
        "num_attention_heads": model.query_heads, "num_key_value_heads": model.kv_heads, "head_dim": model.head_dim,
        "hidden_size": model.hidden, "intermediate_size": (model.layer_params - attention) // (3 * model.hidden),
        "vocab_size": model.vocab, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "hidden_act": "silu",
        "tie_word_embeddings": False, "torch_dtype": "bfloat16",
    }  # fmt: skip
