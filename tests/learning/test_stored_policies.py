"""Trained policies are stored without pickle, come back as they were, and damage is told in one message."""

import json
import pickle

import numpy as np
import pytest

from cloudsim.components import create
from cloudsim.config import Component
from cloudsim.errors import ConfigError
from cloudsim.learning.budget_decider import BudgetTask
from cloudsim.learning.network import Network, read_network, write_network
from cloudsim.learning.q_table import QTable, read_table, write_table
from policies.budget.learned import Learned
from policies.budget.q_table import QTable as QTablePolicy
from tests.learning.random_policies import BINS, TASK, network, table, values


def test_a_network_comes_back_as_it_was(tmp_path):
    write_network(tmp_path, TASK, network())
    task, read = read_network(tmp_path)
    assert task == TASK
    rng = np.random.default_rng(1)
    for _ in range(50):
        seen = values(rng)
        assert (read.scores(seen) == network().scores(seen)).all()
        assert read.choose(seen) == int(network().scores(seen).argmax())
    assert {path.name for path in tmp_path.iterdir()} == {"policy.json", "weights.npz"}
    before = (tmp_path / "weights.npz").read_bytes()
    write_network(tmp_path, TASK, read)
    assert (tmp_path / "weights.npz").read_bytes() == before


def test_a_table_comes_back_as_it_was(tmp_path):
    write_table(tmp_path, table())
    read = read_table(tmp_path)
    assert (read.values == table().values).all()
    assert (read.task, read.bins) == (TASK, BINS)
    assert [path.name for path in tmp_path.iterdir()] == ["policy.json"]


def test_bins_are_in_units_and_an_edge_belongs_to_the_bin_above():
    made, at = table(), TASK.features["replica"].index("queued_tokens")
    found = []
    for tokens in (0, 511, 512, 513, 2047, 2048, 1e9):
        seen = {group: [0.0] * len(names) for group, names in TASK.features.items()}
        seen["replica"][at] = tokens / (tokens + 2048.0)
        exact = made.state(seen)
        assert exact == made.state({group: np.array(row, np.float32) for group, row in seen.items()})
        found.append(exact[0])
    assert found == [0, 0, 1, 1, 1, 2, 2]


def damaged(folder, change):
    path = folder / "policy.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


DAMAGE = {
    "has no policy.json": lambda folder: (folder / "policy.json").unlink(),
    "policy.json cannot be read": lambda folder: (folder / "policy.json").write_text("{"),
    "cannot be read (KeyError: 'budgets')": lambda folder: damaged(folder, lambda document: document.pop("budgets")),
    "budgets are [0.5, 1.0]": lambda folder: damaged(folder, lambda document: document.update(budgets=[0.5, 1.0])),
    "schema 9": lambda folder: damaged(folder, lambda document: document.update(schema_version=9)),
    "sees other features": lambda folder: damaged(folder, lambda document: document["features"]["fleet"].pop()),
}


@pytest.mark.parametrize("told", DAMAGE)
@pytest.mark.parametrize(("made", "write"), [(Learned, lambda folder: write_network(folder, TASK, network())),
                                             (QTablePolicy, lambda folder: write_table(folder, table()))])  # fmt: skip
def test_a_damaged_policy_is_told(made, write, told, tmp_path):
    write(tmp_path)
    made(str(tmp_path))
    DAMAGE[told](tmp_path)
    component = Component.model_validate({"_target_": f"{made.__module__}.{made.__name__}", "path": str(tmp_path)})
    with pytest.raises(ConfigError) as error:
        create(component, "contenders.one.budget")
    [problem] = error.value.problems
    assert problem.startswith("contenders.one.budget: policies.budget.")
    assert told in problem
    assert str(tmp_path) in problem


def test_a_policy_of_the_other_kind_is_told(tmp_path):
    write_table(tmp_path, table())
    with pytest.raises(ValueError, match="kind 'q_table', schema 1; accepted here: 'network'"):
        Learned(str(tmp_path))


def test_weights_that_are_damaged_missing_pickled_or_of_another_shape_are_told(tmp_path):
    write_network(tmp_path, TASK, network())
    weights = tmp_path / "weights.npz"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"weights.npz cannot be read"):
        read_network(tmp_path)
    weights.write_bytes(pickle.dumps(Fires()))
    with pytest.raises(ValueError, match=r"weights.npz cannot be read"):
        read_network(tmp_path)
    np.savez(weights, weight_0=np.array([Fires()], dtype=object))
    with pytest.raises(ValueError, match=r"weights.npz cannot be read .*allow_pickle"):
        read_network(tmp_path)
    weights.unlink()
    with pytest.raises(ValueError, match=r"weights.npz cannot be read"):
        read_network(tmp_path)
    fewer = BudgetTask(TASK.budgets, 2, 0.0)
    write_network(tmp_path, TASK, network(task=fewer))
    with pytest.raises(ValueError, match="goes from 20 numbers to 4 choices, not from 22 to 4"):
        read_network(tmp_path)


class Fires:
    def __reduce__(self):
        return pytest.fail, ("it was unpickled",)


def test_a_table_of_another_shape_or_of_unknown_numbers_is_told(tmp_path):
    write_table(tmp_path, table())
    damaged(tmp_path, lambda document: document["values"].pop())
    with pytest.raises(ValueError, match=r"its table cannot be used \(the table has the shape \(2, 2, 4\), not \(3, 2, 4\)"):
        read_table(tmp_path)
    with pytest.raises(ValueError, match=r"bins: found 'replica.colour'; accepted: fleet.output_tokens_mean, "):
        QTable(TASK, {"replica.colour": [0.5]})
    with pytest.raises(ValueError, match="edges must rise"):
        QTable(TASK, {"replica.decoding": [8.0, 8.0]})


def test_layers_must_fit():
    one = (np.zeros((4, 5), np.float32), np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="do not fit each other"):
        Network([one, one])
    with pytest.raises(ValueError, match="do not fit each other"):
        Network([])
    with pytest.raises(ValueError, match="not a finite number"):
        Network([(one[0] * np.nan, one[1])])
