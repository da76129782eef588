"""Policies that have learnt nothing, for tests."""

import numpy as np

from cloudsim.learning.budget_decider import BudgetTask
from cloudsim.learning.network import Network
from cloudsim.learning.q_table import QTable

TASK = BudgetTask((1.0, 0.9, 0.8, 0.67), 3, 2.0)
BINS = {"replica.queued_tokens": [512.0, 2048.0], "request.tier_0": [0.5]}


def network(seed=0, task=TASK):
    rng, seen = np.random.default_rng(seed), sum(map(len, task.features.values()))
    shapes = [(8, seen), (8, 8), (len(task.budgets), 8)]
    return Network([(rng.normal(size=shape).astype(np.float32), rng.normal(size=shape[0]).astype(np.float32)) for shape in shapes])


def table(seed=0, task=TASK):
    made = QTable(task, BINS)
    return QTable(task, BINS, np.random.default_rng(seed).normal(size=made.values.shape).round(4))


def values(rng, task=TASK):
    return {group: rng.random(len(names)).astype(np.float32) for group, names in task.features.items()}
