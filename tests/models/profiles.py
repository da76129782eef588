"""Measured profiles that nobody measured: random records of a small model, written as files."""

from pathlib import Path

import numpy as np

from cloudsim.l2a.profiling.writing import write_profile
from cloudsim.models.measured import Checkpoint, Clock, Mask, MeasuredLevel, MeasuredProfile, Shape, SuiteFacts

LAYERS, GROUPS, PROBLEMS = 8, 2, 120


def profile(name="tiny-reasoner-l2a", model="tiny-reasoner", budgets=(1.0, 0.75, 0.5), seed=0, skipping="nested", suite="s"):
    """A model whose answers get worse and whose layers get fewer with the budget."""
    random = np.random.default_rng(seed)
    family, difficulty = np.arange(PROBLEMS) % 2, np.arange(PROBLEMS) // 2 % 4 + 1
    luck = random.random(PROBLEMS)
    masks, levels = [], []
    for budget in budgets:
        ran = np.minimum(LAYERS, np.maximum(1, np.round(LAYERS * budget + (difficulty - 2.5) * (budget < 1)))).astype(int)
        texts = ["1" * count + "0" * (LAYERS - count) for count in ran]
        for text in texts:
            if text not in masks:
                masks.append(text)
        right = luck < 1.1 * budget - 0.1 * difficulty
        think = np.maximum(1, np.round(30 * budget)).astype(int) + difficulty
        levels.append(MeasuredLevel(
            budget=budget, asked=[budget, budget, 1.0], accuracy=float(right.mean()),
            accuracy_by_difficulty={d: float(right[difficulty == d].mean()) for d in (1, 2, 3, 4)},
            layer_use=[float((ran > at).mean()) for at in range(LAYERS)], group_share=1.0, tokens=float(think.mean() / 32.5),
            right="".join("1" if mark else "0" for mark in right), new_tokens=join(think + 5), think_tokens=join(think),
            mask=join(masks.index(text) for text in texts),
        ))  # fmt: skip
    return MeasuredProfile(
        name=name, command="a test", checkpoint=Checkpoint(path="none", sha256="ab" * 32),
        model=Shape(
            name=model, layers=LAYERS, query_heads=2, kv_heads=GROUPS, head_dim=32, hidden=64, vocab=128, layer_params=100_000,
            params=1_000_000,
        ),
        skipping=skipping, gate_overhead=0.01,
        suite=SuiteFacts(
            split="id", seed=0, families=["events", "hops"], hardest=[4, 4], sha256=suite, family=join(family), difficulty=join(difficulty),
            prompt_tokens=join(20 + difficulty),
        ),
        masks=[Mask(layers=text, units=text.count("1") * GROUPS) for text in masks], levels=levels,
        clock=Clock(
            machine="a test", error_pct=1.0, head_s=1e-4, layer_s=1e-3, sequence_layer_s=1e-5, kv_unit_s=1e-9, prefill_layer_s=1e-3,
            prefill_token_layer_s=1e-5, prefill_pair_unit_s=1e-10,
        ),
    )  # fmt: skip


def join(numbers):
    return " ".join(str(int(number)) for number in numbers)


def folder(path, **changes):
    """A folder with an elastic profile and its dense model."""
    place = Path(path)
    place.mkdir(parents=True, exist_ok=True)
    for one in (profile(**changes), profile("tiny-reasoner", budgets=(1.0,), skipping="dense")):
        write_profile(one, place / f"{one.name}.yaml")
    return str(place)
