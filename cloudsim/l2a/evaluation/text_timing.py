"""Decode time on text: the same tokens for every model, in turns, medians."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import torch

from cloudsim.l2a.plan import budget_rows

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.config import TimingConfig
    from cloudsim.l2a.evaluation.text_reader import Reader
    from cloudsim.l2a.tasks.suite import Question

WARM_UP = 1


@dataclass(frozen=True, slots=True)
class DecodeTime:
    """One model at one budget and batch size.

    Args:
        method, budget, sequences: what was timed.
        step_s: wall-clock seconds of one decode step, median over the repetitions.
        tokens_per_s: of all sequences together.
        speedup: dense time over this one, median of the ratios within a repetition.
        layer_sparsity: of the sequences timed.
        layers_called: mean layers that at least one sequence needed, as a share of all.
    """

    method: str
    budget: float
    sequences: int
    step_s: float
    tokens_per_s: float
    speedup: float
    layer_sparsity: float
    layers_called: float


def time_text(
    dense: "Reader", readers: "Sequence[Reader]", texts: "Sequence[Question]", options: "TimingConfig", told: Callable[[str], None]
) -> list[DecodeTime]:
    """Time the dense model and the others at every batch size.

    Args:
        texts: prompts, and the texts as worked answers, whose tokens are fed.
        told: is called with the name of each part of the work that is done.
    """
    entries, found = [dense, *readers], []
    for sequences in options.batches:
        spells: list[list[tuple[float, float, float]]] = [[] for _ in entries]
        for repetition in range(-WARM_UP, options.repetitions):
            # Other texts each time, since the skip sets depend on them; the same for every model.
            batch = [texts[(repetition * sequences + number) % len(texts)] for number in range(sequences)]
            for entry, own in zip(entries, spells, strict=True):
                spell = _decode(entry, batch, options.steps)
                if repetition >= 0:
                    own.append(spell)
        found += [_summary(entry, sequences, own, spells[0]) for entry, own in zip(entries, spells, strict=True)]
        told(f"decode time at {sequences} sequences")
    return found


def _decode(entry: "Reader", batch: "Sequence[Question]", steps: int) -> tuple[float, float, float]:
    """Seconds of a step, share of the layers skipped, share of the layers called."""
    prompts = [list(text.prompt) for text in batch]
    fed = torch.tensor([[text.worked[step % len(text.worked)] for text in batch] for step in range(steps)])
    running = entry.decoder.prefill(prompts, budget_rows([entry.budget] * len(batch)), entry.planner, max(map(len, prompts)) + steps)
    started_s = time.perf_counter()
    for step in range(steps):
        entry.decoder.decode(running, fed[step])
    step_s = (time.perf_counter() - started_s) / steps
    layers = running.plan.layers
    return step_s, 1 - float(layers.double().mean()), float(layers.any(0).double().mean())


def _summary(
    entry: "Reader", sequences: int, own: Sequence[tuple[float, float, float]], dense: Sequence[tuple[float, float, float]]
) -> DecodeTime:
    step_s = median(spell[0] for spell in own)
    speedup = median(theirs[0] / ours[0] for ours, theirs in zip(own, dense, strict=True))
    sparsity, called = (sum(spell[place] for spell in own) / len(own) for place in (1, 2))
    return DecodeTime(entry.method, entry.budget, sequences, step_s, sequences / step_s, speedup, sparsity, called)
