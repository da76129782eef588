"""An environment of a few simulated minutes: two instances, one of which goes away, and bursts."""

from cloudsim.env import ServingEnv
from tests.cluster.scenario import contender, small

BURSTS = [(round(at * 30 + number * 0.06, 3), 200 + number * 37 % 900, 40 + number * 53 % 400) for at in range(3) for number in range(250)]
MARKET = {"a-1a": [(0.0, 1, 1.0), (40.0, 0, 1.2), (70.0, 1, 0.9)], "b-1a": [(0.0, 1, 1.5)]}
POOLS = {"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}


def scenario(pools=None, **changes):
    changes = {"provider__notice_s": 10.0, "workload__difficulty_noise": 0.15} | changes
    return small(contender(pools or POOLS, notice="squeeze"), BURSTS, MARKET, **changes)


def environment(mode="budget", pools=None, changes=None, **options):
    return ServingEnv(scenario(pools, **(changes or {})), "one", mode, **options)


def play(env, choose, seed=0):
    """An episode: the facts of each step, and the rewards."""
    _, info = env.reset(seed=seed)
    facts, rewards, over = [info], [], False
    while not over:
        seen, reward, over, cut, info = env.step(choose(env))
        assert env.observation_space.contains(seen)
        assert not cut
        facts.append(info)
        rewards.append(reward)
    return facts, rewards


def at_random(seed):
    """Actions drawn from the space, the same for the same seed."""

    def choose(env):
        if choose.fresh:
            env.action_space.seed(seed)
            choose.fresh = False
        return env.action_space.sample()

    choose.fresh = True
    return choose
