"""The policies that come with the program beat the starts they were trained from, on traces they never saw."""

import pytest

from cloudsim.learning.comparison import Arena
from cloudsim.learning.course import compose
from cloudsim.learning.network import read_network
from cloudsim.learning.q_table import QTable, read_table
from policies.budget import learned, q_table

REPLICATIONS = 6


@pytest.fixture(scope="module")
def training():
    return compose(["learning.comparison.seed=77"])


@pytest.fixture(scope="module")
def arena(training):
    config, task = training.config, training.environment().budget_task
    return Arena(training.experiment.model_copy(update={"seed": config.comparison.seed}), config.contender, task, config.reward)


def mean(played, figure="reward"):
    return sum(one[figure] for one in played) / len(played)


def test_the_network_beats_the_network_it_began_as(training, arena, tmp_path):
    from cloudsim.learning.ppo import PpoLearner

    settings = training.config.ppo
    task, network = read_network(learned.TRAINED)
    assert task == arena.task
    envs = [training.environment() for _ in range(settings.environments)]
    untrained = PpoLearner(settings, training.config.steps, training.experiment.seed, envs, tmp_path).network()
    assert mean(arena.play(REPLICATIONS, network.choose)) > mean(arena.play(REPLICATIONS, untrained.choose))


def test_the_table_beats_the_empty_table(arena):
    trained = read_table(q_table.TRAINED)
    assert trained.task == arena.task
    untrained = QTable(trained.task, trained.bins)
    played = [arena.play(REPLICATIONS, one.choose) for one in (trained, untrained)]
    assert mean(played[0]) > mean(played[1]) + 200
    assert mean(played[0], "sla_attainment") > mean(played[1], "sla_attainment") + 0.1


@pytest.mark.parametrize("made", [learned, q_table])
def test_a_card_stands_beside_each(made):
    card = (made.TRAINED / "card.md").read_text()
    assert "python -m cloudsim learn experiment=train_policy" in card
    assert "Seed 0, " in card
    assert "| untrained |" in card
    assert sum(path.stat().st_size for path in made.TRAINED.iterdir()) < 100_000
