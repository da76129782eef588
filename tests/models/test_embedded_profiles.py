"""The measured profiles of the catalogue are those of the weights that come with the program."""

import pytest

from cloudsim.l2a.live.checkpoints import checkpoint_folder, checkpoint_sha256
from cloudsim.models.measured import find_measured, measured_path

NAMES = ("tiny-reasoner", "tiny-reasoner-small", "tiny-reasoner-l2a")


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_was_measured_on_these_weights(name):
    profile = find_measured(None, name)
    folder = checkpoint_folder(profile.checkpoint.path, measured_path(None, name).parent)
    assert checkpoint_sha256(folder) == profile.checkpoint.sha256, f"measure it again: {profile.command}"


def test_they_have_the_same_problems_and_answers_worth_having():
    profiles = [find_measured(None, name) for name in NAMES]
    assert len({profile.suite.sha256 for profile in profiles}) == 1
    assert all(len(profile.levels[0].right) == 2000 for profile in profiles)
    assert all(profile.levels[0].accuracy > 0.94 for profile in profiles)
    at = {level.budget: level for level in profiles[-1].levels}
    assert at[0.7].accuracy > 0.94
    assert sum(at[0.7].layer_use) < 0.66 * len(at[0.7].layer_use)
    assert profiles[-1].gate_overhead < 0.01
    assert all(profile.clock.error_pct < 10 for profile in profiles)
