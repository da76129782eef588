"""Files of measured points, and of step times made of them."""

from pathlib import Path

import yaml

from cloudsim.latency.measured_table import tabulate
from cloudsim.latency.measurements import read_decode, read_prompts
from cloudsim.latency.step_times import step_times_path
from cloudsim.models.gpu import find_gpu
from cloudsim.models.spec import find_model


def decode_ms(batch, kv):
    return 6.0 + 0.02 * batch + 5e-5 * batch * kv


def prompt_ms(tokens):
    return max(9.0, 5.0 + 0.02 * tokens) + 1e-7 * tokens**2


def write_points(folder, decode=None, prompts=None):
    """Two CSV files; the paths."""
    folder = Path(folder)
    rows = decode or [(batch, kv, decode_ms(batch, kv)) for batch in (1, 4, 16, 64, 256) for kv in (128, 1024, 8192)]
    other = prompts or [(tokens, prompt_ms(tokens)) for tokens in (16, 128, 512, 2048, 8192)]
    paths = folder / "decode.csv", folder / "prompts.csv"
    for path, head, lines in zip(paths, ("batch,kv,ms", "prompt,ms"), (rows, other), strict=True):
        path.write_text("\n".join([head, *(",".join(map(str, line)) for line in lines)]) + "\n")
    return paths


def write_step_times(folder, model="qwen3-4b", gpu="l40s", precision="bf16"):
    """A folder with the step times of one model."""
    decode, prompts = write_points(folder)
    times = tabulate(find_model(model), find_gpu(gpu), precision, 1, read_decode(decode), read_prompts(prompts), "a test", "2026-11-22")
    path = step_times_path(Path(folder), model, gpu, precision, 1)
    path.write_text(yaml.safe_dump(times.model_dump()))
    return str(folder)
