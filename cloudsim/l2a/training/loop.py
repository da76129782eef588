"""The training loop: every stage, one process or several, resumable at any step."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from cloudsim.errors import ModelError
from cloudsim.l2a.threads import torch_threads
from cloudsim.l2a.training.checkpoint import Checkpoints, Spent
from cloudsim.l2a.training.log import StageLog
from cloudsim.l2a.training.processes import Processes
from cloudsim.l2a.training.progress import Progress
from cloudsim.l2a.training.stage import Stage

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from cloudsim.l2a.tasks.batches import Batch


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """How a stage is run.

    Args:
        steps: optimizer steps.
        checkpoint_every: steps between two checkpoints.
        log_every: steps between two lines of the log.
        clip: largest norm of the gradient.
        bf16: compute in bfloat16 where autocast allows it.
        compiled: compile the decoder layers; some seconds at the start, half as fast again after.
        threads: torch threads of each process.
        seed: of torch's random numbers in each step.
    """

    steps: int
    checkpoint_every: int = 100
    log_every: int = 10
    clip: float = 1.0
    bf16: bool = True
    compiled: bool = True
    threads: int = 1
    seed: int = 0


def train(
    stage: Stage,
    options: LoopOptions,
    folder: Path,
    report: Callable[[Progress], None] | None = None,
    saved: Callable[[Spent], None] | None = None,
    stop: Callable[[], object] = lambda: False,
) -> Spent:
    """Train `stage` up to `options.steps`, from its newest checkpoint if there is one.

    Under `torchrun` or `accelerate launch` every process draws its own problems and gradients are averaged. Only the first writes and calls
    `report` and `saved`.

    Args:
        report: called at every line of the log.
        saved: called after every checkpoint.
        stop: looked at after each step; if it is true in any process, a checkpoint is written and the training ends early.

    Returns:
        What the stage has taken; fewer steps than asked for only where `stop` ended it.

    Raises:
        ModelError: the loss is not a number, or the newest checkpoint cannot be used; it stays, and nothing is written over it.
    """
    import torch

    processes = Processes()
    stage.model.to(processes.device)
    optimizers = list(stage.optimizers())
    full_rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    checkpoints, log = Checkpoints(folder), StageLog(folder)
    before = spent = checkpoints.restore(stage.model, optimizers)
    if spent.steps > options.steps:
        raise ModelError(f"{folder}: trained for {spent.steps} steps already, more than the {options.steps} asked for")
    if processes.first:
        log.cut(spent.steps)
    if spent.steps == options.steps:
        return spent
    if spent.steps == 0 and hasattr(stage, "begin"):
        with torch_threads(options.threads):
            stage.begin()
    trained = [parameter for parameter in stage.model.parameters() if parameter.requires_grad]
    stage.model.train()
    started, logged, reported = time.perf_counter(), 0.0, spent
    with torch_threads(options.threads), _compiled(stage, options.compiled):
        for step in range(spent.steps, options.steps):
            torch.manual_seed(crc32(f"{options.seed} {stage.name} {step} {processes.rank}".encode()))
            rate = stage.learning_rate(step)
            _set_rates(optimizers, full_rates, rate)
            figures = _backward(stage, options, step, processes)
            figures["stopping"] = float(bool(stop()))
            figures = processes.average(figures)
            processes.average_gradients(trained)
            figures["gradient_norm"] = float(torch.nn.utils.clip_grad_norm_(trained, options.clip))
            if not all(math.isfinite(figures[name]) for name in ("loss", "gradient_norm")):
                raise ModelError(_not_a_number(stage.name, step + 1, figures, checkpoints))
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            seconds = time.perf_counter() - started
            tokens = round(figures.pop("tokens") * processes.count)
            spent = Spent(step + 1, spent.tokens + tokens, before.seconds + seconds)
            stopping, ended = figures.pop("stopping") > 0, spent.steps == options.steps
            if processes.first and (spent.steps % options.log_every == 0 or ended):
                speed = (spent.tokens - reported.tokens) / max(seconds - logged, 1e-9)
                log.write(spent, figures | {"learning_rate": rate}, speed)
                if report:
                    left = seconds / (spent.steps - before.steps) * (options.steps - spent.steps)
                    report(Progress(stage.name, spent.steps, options.steps, speed, left, figures))
                logged, reported = seconds, spent
            if processes.first and (spent.steps % options.checkpoint_every == 0 or ended or stopping):
                checkpoints.save(spent, stage.model, optimizers)
                if saved:
                    saved(spent)
            if stopping:
                break
    processes.wait()
    return spent


def _backward(stage: Stage, options: LoopOptions, step: int, processes: Processes) -> dict[str, float]:
    """Add up the gradients of a step; returns its figures, among them `loss` and `tokens`."""
    import torch

    batches = [_placed(batch, processes) for batch in stage.batches(step, processes.rank)]
    figures = {"tokens": float(sum(int((batch.weights > 0).sum()) + int(batch.prompt_tokens.sum()) for batch in batches))}
    total = 0.0
    for index in range(len(batches)):
        with torch.autocast(processes.device.type, torch.bfloat16, enabled=options.bf16):
            loss, measured = stage.loss(stage.model, batches, index, step, processes.rank)
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
        for name, value in measured.items():
            figures[name] = figures.get(name, 0.0) + value
    return figures | {"loss": total}


def _placed(batch: "Batch", processes: Processes) -> "Batch":
    if processes.device.type == "cpu":
        return batch
    tensors: dict[str, Any] = {name: getattr(batch, name).to(processes.device) for name in batch.__slots__}
    return replace(batch, **tensors)


def _set_rates(optimizers: "Sequence[Optimizer]", full_rates: Sequence[Sequence[float]], factor: float) -> None:
    for optimizer, rates in zip(optimizers, full_rates, strict=True):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor


@contextmanager
def _compiled(stage: Stage, wanted: bool) -> Iterator[None]:
    """Compile the decoder layers while a stage lasts: the next stage may wrap or change them."""
    import torch

    own = getattr(stage, "compile_layers", None)
    found = [module for name, module in stage.model.named_modules() if name.rpartition(".")[0].endswith("layers")]
    layers = found if wanted and own is None else []
    with torch._dynamo.config.patch(recompile_limit=64):
        if wanted and own is not None:
            own(True)
        for layer in layers:
            layer.compile(dynamic=False)
        try:
            yield
        finally:
            for layer in layers:
                layer._compiled_call_impl = None
            if wanted and own is not None:
                own(False)


def _not_a_number(stage: str, step: int, figures: dict[str, float], checkpoints: Checkpoints) -> str:
    kept = checkpoints.steps()
    last = f"the checkpoint after step {kept[-1]} is kept in {checkpoints.folder}" if kept else "there is no checkpoint yet"
    what = " and ".join(f"{name} {figures[name]:g}" for name in ("loss", "gradient_norm"))
    return f"{stage}: not a number at step {step} ({what}); {last}. A lower learning rate or bf16=false may help"
