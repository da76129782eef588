"""The layers that a batch reads, as its sequences come and go."""

from hypothesis import given
from hypothesis import strategies as st

from cloudsim.models.elastic import DeepestLevel, find_profile
from cloudsim.models.spec import find_model

PROFILE = find_profile("qwen3-4b-l2a", find_model("qwen3-4b"))


@given(moves=st.lists(st.tuples(st.booleans(), st.integers(0, len(PROFILE.levels) - 1)), max_size=60))
def test_a_batch_of_nested_skip_sets_reads_what_its_deepest_member_runs(moves):
    batch, counts = PROFILE.batch_layers(), [0] * len(PROFILE.levels)
    assert isinstance(batch, DeepestLevel)
    for comes, index in moves:
        if comes or counts[index]:
            counts[index] += 1 if comes else -1
            read = (batch.enter if comes else batch.leave)(PROFILE.levels[index])
            assert read == PROFILE.layers_read(counts)
