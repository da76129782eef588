"""Decode time of elastic models against the dense model: same tokens, same number of them, interleaved, medians."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from cloudsim.l2a.evaluation.config import TimingConfig
from cloudsim.l2a.gates import Decision, pooled
from cloudsim.l2a.plan import Planner, budget_rows

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.reader import Reader
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.tasks.suite import Question

WARM_UP = 1
CALLS = 5


@dataclass(frozen=True, slots=True)
class Timing:
    """One model at one budget and batch size.

    Args:
        method, budget, sequences: what was timed.
        step_s, step_cpu_s: wall-clock and processor seconds of one decode step, medians over the repetitions.
        speedup: dense wall-clock time over this one, median of the ratios within a repetition.
        layer_sparsity: of the sequences timed.
        layers_called: mean layers that at least one sequence needed, as a share of all.
        gate_overhead: time of the gates as a share of the time of prefill and decode; 0 for the dense model.
    """

    method: str
    budget: float
    sequences: int
    step_s: float
    step_cpu_s: float
    speedup: float
    layer_sparsity: float
    layers_called: float
    gate_overhead: float


class TimedPlanner:
    """A planner whose decisions are timed. Attributes: spent_s: wall-clock seconds so far."""

    def __init__(self, planner: Planner) -> None:
        self._planner, self.spent_s = planner, 0.0

    def reads(self, index: int) -> bool:
        """As the planner does."""
        return self._planner.reads(index)

    def decide(self, index: int, state: Tensor | None, budget: Tensor) -> Decision:
        """As the planner does."""
        start = time.perf_counter()
        decision = self._planner.decide(index, state, budget)
        self.spent_s += time.perf_counter() - start
        return decision


@dataclass(slots=True)
class _Spell:
    step_s: float
    step_cpu_s: float
    overhead: float
    sparsity: float
    called: float


def time_decoding(
    readers: "Sequence[Reader]", pool: "Sequence[Question]", options: TimingConfig, told: Callable[[str], None]
) -> list[Timing]:
    """Time models at every batch size.

    Args:
        readers: the first is the dense model, against which the others are held.
        pool: prompts, and worked answers whose tokens are fed.
        told: is called with the name of each part of the work that is done.
    """
    found = []
    for sequences in options.batches:
        spells: list[list[_Spell]] = [[] for _ in readers]
        for repetition in range(-WARM_UP, options.repetitions):
            # Other problems each time, since the skip sets depend on them; the same for every model.
            first = repetition * sequences
            batch = [pool[(first + number) % len(pool)] for number in range(sequences)]
            for reader, own in zip(readers, spells, strict=True):
                spell = _decode(reader, batch, options.steps)
                if repetition >= 0:
                    own.append(spell)
        found += [_summary(reader, sequences, own, spells[0]) for reader, own in zip(readers, spells, strict=True)]
        told(f"decode time at {sequences} sequences")
    return found


def _decode(reader: "Reader", batch: "Sequence[Question]", steps: int) -> _Spell:
    budget = budget_rows([reader.budget] * len(batch))
    tokens = torch.tensor([[question.worked[step % len(question.worked)] for question in batch] for step in range(steps)])
    planner = TimedPlanner(reader.planner)
    prompts = [list(question.prompt) for question in batch]
    begin = time.perf_counter()
    running = reader.decoder.prefill(prompts, budget, planner, max(map(len, prompts)) + steps)
    start, cpu = time.perf_counter(), time.process_time()
    for step in range(steps):
        reader.decoder.decode(running, tokens[step])
    end, cpu_end = time.perf_counter(), time.process_time()
    gates = 0.0
    if reader.model is not None:
        gates = planner.spent_s + _pooling_s(reader, prompts)
        if bool((budget[:, 2] < 1).any()):
            # Whole chains are asked for without it.
            gates += steps * _stop_s(reader.model, running.state, budget)
    layers = running.plan.layers
    called, sparsity = float(layers.any(0).double().mean()), 1 - float(layers.double().mean())
    # The gates' own measurement takes the place of what the planner spent; the stop gate is not in the time of the decoder.
    overhead = gates / (end - begin - planner.spent_s + gates)
    return _Spell((end - start) / steps, (cpu_end - cpu) / steps, overhead, sparsity, called)


@torch.inference_mode()
def _pooling_s(reader: "Reader", prompts: Sequence[Sequence[int]]) -> float:
    """Time of reading the prompts' states for the gates, measured on states of their shape."""
    states = torch.ones(len(prompts), max(map(len, prompts)), reader.decoder.width)
    mask = torch.ones(states.shape[:2], dtype=torch.bool)
    reads = sum(reader.planner.reads(index) for index in range(len(reader.decoder.layers)))
    return reads * _shortest_s(lambda: pooled(states, mask))


@torch.inference_mode()
def _stop_s(model: "L2AForCausalLM", state: Tensor, budget: Tensor) -> float:
    return _shortest_s(lambda: model.stop(state.unsqueeze(1), budget))


def _shortest_s(call: Callable[[], object]) -> float:
    """Shortest of a few calls: what is so short is measured by its least disturbed one."""
    spent = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return min(spent)


def _summary(reader: "Reader", sequences: int, own: Sequence[_Spell], dense: Sequence[_Spell]) -> Timing:
    ratios = [theirs.step_s / ours.step_s for ours, theirs in zip(own, dense, strict=True)]
    return Timing(
        reader.method, reader.budget, sequences, median(spell.step_s for spell in own), median(spell.step_cpu_s for spell in own),
        median(ratios), sum(spell.sparsity for spell in own) / len(own), sum(spell.called for spell in own) / len(own),
        median(spell.overhead for spell in own),
    )  # fmt: skip
