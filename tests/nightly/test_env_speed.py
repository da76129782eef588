"""How many decisions of an agent a second of CPU has room for."""

from time import process_time

import numpy as np
import pytest

from cloudsim.env import ServingEnv

ENOUGH = {"budget": 2000, "routing": 2000}


@pytest.mark.nightly
@pytest.mark.parametrize("mode", ENOUGH)
def test_thousands_of_steps_a_second(mode, record_property):
    env = ServingEnv(["+experiment=train_policy", "duration_s=900"], "l2a", mode)
    rates = []
    for seed in range(3):
        env.action_space.seed(seed)
        env.reset(seed=seed)
        actions = [env.action_space.sample() for _ in range(20_000)]
        steps, over, began_s = 0, False, process_time()
        while not over:
            over = env.step(actions[steps % len(actions)])[2]
            steps += 1
        rates.append(steps / (process_time() - began_s))
    rate = float(np.median(rates))
    record_property("steps_per_cpu_s", rate)
    print(f"{mode}: {rate:,.0f} steps a second of CPU")
    assert rate > ENOUGH[mode]
