"""Decode time of the elastic models against the dense model: same tokens, same number of them, interleaved, medians."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from cloudsim.l2a.decoder import SkippingDecoder
from cloudsim.l2a.evaluation.config import TimingConfig
from cloudsim.l2a.gates import Decision, pooled
from cloudsim.l2a.plan import DensePlanner, GatePlanner, Planner, budget_rows
from cloudsim.l2a.tasks.suite import Question, suite
from cloudsim.l2a.threads import torch_threads

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.network import L2AForCausalLM

POOL = 512
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
class _Entry:
    method: str
    budget: float
    decoder: SkippingDecoder
    planner: Planner
    model: "L2AForCausalLM | None"


@dataclass(slots=True)
class _Spell:
    step_s: float
    step_cpu_s: float
    overhead: float
    sparsity: float
    called: float


def time_decoding(bench: "Bench", parts: Sequence[str], options: TimingConfig, seed: int, told: Callable[[str], None]) -> list[Timing]:
    """Time the dense model and each elastic one, at every batch size.

    Args:
        parts: elastic models that are there, `nested` or `faithful`.
        told: is called with the name of each part of the work that is done.
    """
    dense = _Entry("dense", 1.0, bench.decoder, DensePlanner(bench.cost.groups), None)
    entries = [dense]
    for part in parts:
        model = bench.elastic(part)
        decoder = SkippingDecoder(model.base)
        entries += [_Entry(f"l2a_{part}", budget, decoder, GatePlanner(model), model) for budget in options.budgets]
    pool, found = suite("id", POOL, seed), []
    with torch_threads(1):
        for sequences in options.batches:
            spells: list[list[_Spell]] = [[] for _ in entries]
            for repetition in range(-WARM_UP, options.repetitions):
                # Other problems each time, since the skip sets depend on them; the same for every model.
                first = repetition * sequences
                batch = [pool[(first + number) % len(pool)] for number in range(sequences)]
                for place, entry in enumerate(entries):
                    spell = _decode(entry, batch, options.steps)
                    if repetition >= 0:
                        spells[place].append(spell)
            found += [_summary(entry, sequences, own, spells[0]) for entry, own in zip(entries, spells, strict=True)]
            told(f"decode time at {sequences} sequences")
    return found


def _decode(entry: _Entry, batch: Sequence[Question], steps: int) -> _Spell:
    budget = budget_rows([entry.budget] * len(batch))
    tokens = torch.tensor([[question.worked[step % len(question.worked)] for question in batch] for step in range(steps)])
    planner = TimedPlanner(entry.planner)
    prompts = [list(question.prompt) for question in batch]
    begin = time.perf_counter()
    running = entry.decoder.prefill(prompts, budget, planner, max(map(len, prompts)) + steps)
    start, cpu = time.perf_counter(), time.process_time()
    for step in range(steps):
        entry.decoder.decode(running, tokens[step])
    end, cpu_end = time.perf_counter(), time.process_time()
    gates = 0.0
    if entry.model is not None:
        gates = planner.spent_s + _pooling_s(entry, prompts) + steps * _stop_s(entry.model, running.state, budget)
    layers = running.plan.layers
    called, sparsity = float(layers.any(0).double().mean()), 1 - float(layers.double().mean())
    # The gates' own measurement takes the place of what the planner spent; the stop gate is not in the time of the decoder.
    overhead = gates / (end - begin - planner.spent_s + gates)
    return _Spell((end - start) / steps, (cpu_end - cpu) / steps, overhead, sparsity, called)


@torch.inference_mode()
def _pooling_s(entry: _Entry, prompts: Sequence[Sequence[int]]) -> float:
    """Time of reading the prompts' states for the gates, measured on states of their shape."""
    states = torch.ones(len(prompts), max(map(len, prompts)), entry.decoder.width)
    mask = torch.ones(states.shape[:2], dtype=torch.bool)
    reads = sum(entry.planner.reads(index) for index in range(len(entry.decoder.layers)))
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


def _summary(entry: _Entry, sequences: int, own: Sequence[_Spell], dense: Sequence[_Spell]) -> Timing:
    ratios = [theirs.step_s / ours.step_s for ours, theirs in zip(own, dense, strict=True)]
    return Timing(
        entry.method, entry.budget, sequences, median(spell.step_s for spell in own), median(spell.step_cpu_s for spell in own),
        median(ratios), sum(spell.sparsity for spell in own) / len(own), sum(spell.called for spell in own) / len(own),
        median(spell.overhead for spell in own),
    )  # fmt: skip
