"""Regressions that learn one outcome at a time are those that see all at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.estimators.ridge import RidgeArms

SIZE = 5


@given(seed=st.integers(0, 10**6), steps=st.integers(0, 60), ridge=st.sampled_from([0.01, 1.0, 30.0]))
def test_each_arm_is_the_ridge_regression_of_its_outcomes(seed, steps, ridge):
    rng = np.random.default_rng(seed)
    arms, seen = RidgeArms(3, SIZE, ridge), [([], []) for _ in range(3)]
    for _ in range(steps):
        arm, context, reward = int(rng.integers(3)), rng.random(SIZE), float(rng.random())
        arms.learn(arm, RidgeArms.context(context), reward)
        seen[arm][0].append(context)
        seen[arm][1].append(reward)
    asked = rng.random(SIZE)
    means, variances = arms.estimates(RidgeArms.context(asked))
    for (contexts, rewards), mean, variance in zip(seen, means, variances, strict=True):
        x, r = np.array(contexts).reshape(-1, SIZE), np.array(rewards)
        a = ridge * np.eye(SIZE) + x.T @ x
        assert mean == pytest.approx(asked @ np.linalg.solve(a, x.T @ r), abs=1e-8)
        assert variance == pytest.approx(asked @ np.linalg.solve(a, asked), rel=1e-7)


def test_it_stays_exact_over_many_outcomes():
    rng, arms = np.random.default_rng(0), RidgeArms(1, SIZE, 1.0)
    contexts = rng.random((20_000, SIZE))
    rewards = contexts @ np.arange(SIZE) + rng.normal(size=20_000)
    for context, reward in zip(contexts, rewards, strict=True):
        arms.learn(0, RidgeArms.context(context), reward)
    a = np.eye(SIZE) + contexts.T @ contexts
    [mean], [variance] = arms.estimates(RidgeArms.context(contexts[0]))
    assert mean == pytest.approx(contexts[0] @ np.linalg.solve(a, contexts.T @ rewards), abs=1e-9)
    assert variance == pytest.approx(contexts[0] @ np.linalg.solve(a, contexts[0]), rel=1e-6)


def test_it_refuses_no_prior():
    with pytest.raises(ValueError, match="ridge is 0"):
        RidgeArms(1, 1, 0)
