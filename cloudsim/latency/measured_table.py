"""Makes a file of step times out of measured points."""

import numpy as np

from cloudsim.latency.host import Host
from cloudsim.latency.measurements import DecodePoints, PromptPoints
from cloudsim.latency.prompt_fit import fit_prompts
from cloudsim.latency.step_times import PromptForm, StepTimes
from cloudsim.latency.structural import structural_latency
from cloudsim.models.gpu import Gpu
from cloudsim.models.spec import ModelSpec


def tabulate(
    model: ModelSpec, gpu: Gpu, precision: str, tensor_parallel: int, decode: DecodePoints, prompts: PromptPoints, source: str, day: str
) -> StepTimes:
    """The step times of `model`, as they were measured; what a step takes besides its layers is projected from its shape.

    Raises:
        ConfigError: the points fall where they should rise; see `DecodeTable`.
    """
    head_ms = 1e3 * structural_latency(model, gpu, precision, tensor_parallel, Host(0.0, 0.0)).head_s
    tokens = np.array(prompts.tokens, float)
    prompt = fit_prompts(tokens, tokens**2, np.array(prompts.step_ms))
    return StepTimes(
        model=model.name, gpu=gpu.name, precision=precision, tensor_parallel=tensor_parallel, source=source, made=day,
        head_ms=min(head_ms, 0.5 * min(map(min, decode.step_ms))), head_source="projected from the shape of the model",
        sequences=list(decode.sequences), tokens=list(decode.tokens), step_ms=[list(row) for row in decode.step_ms],
        prompt=PromptForm(floor_ms=prompt.floor_ms, step_ms=prompt.step_ms, token_ms=prompt.token_ms, token2_ms=prompt.token2_ms),
        decode_error_pct=neighbour_error_pct(decode), prefill_error_pct=prompt.error_pct,
    )  # fmt: skip


def neighbour_error_pct(points: DecodePoints) -> float:
    """Mean error of inner points that are read off the line between their neighbours: twice as far apart as a reader's ever are."""
    took = np.array(points.step_ms)
    errors = []
    for axis, at in ((took, points.tokens), (took.T, points.sequences)):
        places = np.array(at, float)
        if len(places) > 2:
            share = (places[1:-1] - places[:-2]) / (places[2:] - places[:-2])
            read = axis[:, :-2] + share * (axis[:, 2:] - axis[:, :-2])
            errors.append(np.abs(read / axis[:, 1:-1] - 1).ravel())
    return float(100 * np.mean(np.concatenate(errors))) if errors else 0.0
