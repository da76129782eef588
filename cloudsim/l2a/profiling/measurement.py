"""One network, a suite of problems, every level: the measured profile of the simulator."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.live.checkpoints import checkpoint_folder, checkpoint_name, checkpoint_sha256
from cloudsim.l2a.live.memo import BLOCK, Asked, Written
from cloudsim.l2a.live.network import LiveNetwork, load_network
from cloudsim.l2a.live.problems import prompt_lengths
from cloudsim.l2a.profiling.clock import measure_clock, measure_gates
from cloudsim.l2a.profiling.options import ProfileOptions
from cloudsim.l2a.tasks.families import held_out, split
from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.suite import is_right
from cloudsim.models.measured import Checkpoint, Mask, MeasuredLevel, MeasuredProfile, Shape, SuiteFacts

SKIPPING = {"dense": "dense", "nested": "nested", "faithful": "independent"}


def measure(options: ProfileOptions, moved: Callable[[float], None]) -> MeasuredProfile:
    """Answer every problem at every level, time the network, and put it all in a profile.

    Args:
        moved: told the share of the answers that are there.

    Raises:
        ModelError: the checkpoint cannot be read.
    """
    folder = checkpoint_folder(options.checkpoint, Path.cwd())
    network = load_network(folder)
    families = split(options.split)
    problems = held_out(families, options.problems, options.seed)
    budgets = options.budgets if network.mode != "dense" else (1.0,)
    asked = [_asked(budget, options.tokens) for budget in budgets]
    memo, answers = network.memo(problems), []
    for at, one in enumerate(asked):
        written = []
        for index in range(len(problems)):
            if index % BLOCK == 0:
                moved((at + index / len(problems)) / len(asked))
            written.append(memo.written(index, one))
        answers.append(written)
    names = [family.name for family in families]
    config, groups = network.config, network.decoder.groups
    masks: dict[tuple[tuple[int, ...], int], int] = {}
    thought = max(1.0, float(np.mean([one.think_tokens for one in answers[0]])))
    levels = [
        _level(network, problems, budget, one, written, masks, thought)
        for budget, one, written in zip(budgets, asked, answers, strict=True)
    ]
    layers = int(config.num_hidden_layers)
    return MeasuredProfile(
        name=options.name, command=options.command,
        checkpoint=Checkpoint(path=checkpoint_name(options.checkpoint, options.output.absolute().parent), sha256=checkpoint_sha256(folder)),
        model=Shape(
            name=options.model if network.mode != "dense" else options.name, layers=layers, query_heads=int(config.num_attention_heads),
            kv_heads=groups, head_dim=int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads),
            hidden=int(config.hidden_size), vocab=int(config.vocab_size),
            layer_params=_layer_params(network) // layers, params=_params(network),
        ),
        skipping=SKIPPING[network.mode], gate_overhead=round(measure_gates(network), 5),
        suite=SuiteFacts(
            split=options.split, seed=options.seed, families=names, hardest=[family.hardest for family in families],
            sha256=sha256("\n".join(problem.question for problem in problems).encode()).hexdigest(),
            family=_text(names.index(problem.family) for problem in problems),
            difficulty=_text(problem.difficulty for problem in problems), prompt_tokens=_text(prompt_lengths(problems).tolist()),
        ),
        masks=[Mask(layers="".join("1" if at in ran else "0" for at in range(layers)), units=units) for ran, units in masks],
        levels=levels, clock=measure_clock(network),
    )  # fmt: skip


def _asked(budget: float, tokens: str) -> Asked:
    depth, width, share = ComputeBudget.of(budget, budget if tokens == "budget" else 1.0).vector
    return depth, width, share


def _level(
    network: LiveNetwork, problems: Sequence[Problem], budget: float, asked: Asked, written: Sequence[Written],
    masks: dict[tuple[tuple[int, ...], int], int], thought: float,
) -> MeasuredLevel:  # fmt: skip
    right = [is_right(one.tokens, problem) for one, problem in zip(written, problems, strict=True)]
    difficulty = np.array([problem.difficulty for problem in problems])
    layers = len(network.decoder.layers)
    use = np.array([[at in one.layers for at in range(layers)] for one in written])
    run_groups = use.sum() * network.decoder.groups
    return MeasuredLevel(
        budget=budget, asked=list(asked), accuracy=float(np.mean(right)),
        accuracy_by_difficulty={int(grade): float(np.mean(np.array(right)[difficulty == grade])) for grade in np.unique(difficulty)},
        layer_use=[float(share) for share in use.mean(0)],
        group_share=sum(one.units for one in written) / run_groups,
        tokens=float(np.mean([one.think_tokens for one in written])) / thought,
        right="".join("1" if mark else "0" for mark in right),
        new_tokens=_text(len(one.tokens) for one in written), think_tokens=_text(one.think_tokens for one in written),
        mask=_text(masks.setdefault((one.layers, one.units), len(masks)) for one in written),
    )  # fmt: skip


def _params(network: LiveNetwork) -> int:
    """Parameters of the dense model; the embedding is shared with the head where the configuration says so."""
    config, layers = network.config, len(network.decoder.layers)
    words = int(config.vocab_size) * int(config.hidden_size)
    return _layer_params(network) + words * (1 if config.tie_word_embeddings else 2) + int(config.hidden_size) * (2 * layers + 1)


def _layer_params(network: LiveNetwork) -> int:
    """Parameters of the matrices of all layers."""
    return sum(tensor.numel() for layer in network.decoder.layers for tensor in (layer.inputs, layer.output, layer.gate_up, layer.down))


def _text(numbers: Iterable[int]) -> str:
    return " ".join(map(str, numbers))
