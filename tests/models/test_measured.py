import numpy as np
import pytest
from numpy.testing import assert_allclose

from cloudsim.errors import ConfigError
from cloudsim.models.elastic import LayerUnion, LevelCounts
from cloudsim.models.measured import find_measured
from cloudsim.models.suite import Suite, realised_level
from tests.models.profiles import LAYERS, PROBLEMS, folder, profile


def test_what_was_written_is_read_again(tmp_path):
    assert find_measured(folder(tmp_path), "tiny-reasoner-l2a") == profile()
    assert find_measured(str(tmp_path), "another") is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("right: '", "right: '1", "one a problem"),
        ("name: tiny-reasoner-l2a", "name: else", "name the file"),
        ("masks:", "- masks:", "no measured profile"),
    ],
)
def test_a_broken_file_is_named(tmp_path, old, new, said):
    folder(tmp_path)
    path = tmp_path / "tiny-reasoner-l2a.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError, match=said) as raised:
        find_measured(str(tmp_path), "tiny-reasoner-l2a")
    assert str(path) in str(raised.value)


def test_the_layers_a_batch_reads_are_those_that_random_sequences_of_its_levels_read():
    made = profile()
    suite, elastic, random = Suite(made), made.elastic(realised=False), np.random.default_rng(1)
    batch = LevelCounts(elastic)
    for index in (1, 2, 2):
        expected = batch.enter(elastic.levels[index])
    unions = []
    for _ in range(4000):
        ran = [suite.ran(elastic.levels[index], random.integers(PROBLEMS)).ran for index in (1, 2, 2)]
        unions.append(len(set().union(*ran)))
    assert_allclose(expected, np.mean(unions), rtol=0.01)
    assert batch.leave(elastic.levels[1]) < expected


def test_a_union_follows_the_sequences():
    level = profile().elastic(realised=True).levels[1]
    one, two = (realised_level(level, ran, 2 * len(ran), LAYERS, 2) for ran in ((0, 1, 5), (0, 2, 5)))
    union = LayerUnion(LAYERS)
    assert [union.enter(one), union.enter(two), union.enter(one)] == [3, 4, 4]
    assert [union.leave(one), union.leave(one), union.leave(two)] == [4, 3, 0]


def test_requests_of_equal_luck_and_difficulty_stand_for_one_problem_whose_levels_share_it():
    suite, random = Suite(profile()), np.random.default_rng(2)
    difficulty, luck = random.random(20_000), random.random(20_000)
    picked = suite.pick(difficulty, luck)
    assert (picked == suite.pick(difficulty, luck)).all()
    grade = np.array(suite.profile.suite.difficulty.split(), int)[picked]
    assert (grade == np.minimum((difficulty * 4).astype(int), 3) + 1).all()
    counts = np.bincount(picked, minlength=PROBLEMS)
    assert counts.min() > 100
    # Whoever is right at a leaner level is right at a richer one, as in the records.
    assert not (suite.right[2][picked] & ~suite.right[0][picked]).any()
