"""A learner that chooses among ordering rules by the state of the queue."""

from random import Random

from cloudsim.contracts import ReplicaView, RequestView

RULES = ("came_first", "shortest_predicted", "strictest_tier", "earliest_deadline")


class QLearning:
    """Tabular Q-learning (Watkins and Dayan 1992) over the rules by which those who wait are ordered.

    The pattern is that of reinforcement learning for adaptive resource scheduling; states, rules and reward are ours. Whenever more than
    one request waits and there is room, the learner sees how many wait (in powers of two, up to 64) and how much KV memory is free (less
    than a tenth, less than a third, more), and picks a rule: the order of coming, the fewest predicted tokens left, the strictest tier, or
    the earliest end-to-end deadline. The reward is minus the request-seconds since the last choice, for the requests that the replica had
    then; over a run they add up to about minus the total flow time (Little's law). All replicas fill one table, which
    starts at zero; it learns on line and forgets with the run. Where blocks run out the youngest request gives way, since ranks by
    different rules do not compare. No request is promised service: it depends on the rules that are picked.

    Args:
        learning_rate: share of the error by which an entry moves, in (0, 1].
        discount: of the next state's value, in [0, 1).
        explore: probability of a random rule, in [0, 1].
        seed: of these random choices, at least 0.
    """

    reorders = True

    def __init__(self, learning_rate: float, discount: float, explore: float, seed: int) -> None:
        if not 0 < learning_rate <= 1 or not 0 <= discount < 1 or not 0 <= explore <= 1:
            raise ValueError(
                f"learning_rate is {learning_rate}, discount {discount} and explore {explore}; they must lie in (0, 1], [0, 1) and [0, 1]"
            )
        if seed < 0:
            raise ValueError(f"seed is {seed}; it must be at least 0")
        self._learning_rate, self._discount, self._explore, self._chance = learning_rate, discount, explore, Random(seed)
        self._values: dict[tuple[int, int], list[float]] = {}
        self._last: dict[int, tuple[tuple[int, int], int, float, int]] = {}  # by replica: state, rule, time, requests

    def observe(self, replica: ReplicaView) -> None:
        """Learn from what the last rule has led to, and choose the next one."""
        free = replica.kv_free()
        state = min(len(replica.waiting).bit_length(), 7), (free >= 0.1) + (free >= 1 / 3)
        values = self._values.setdefault(state, [0.0] * len(RULES))
        if replica.index in self._last:
            former, rule, at_s, outstanding = self._last[replica.index]
            target = self._discount * max(values) - outstanding * (replica.now_s - at_s)
            self._values[former][rule] += self._learning_rate * (target - self._values[former][rule])
        rule = self._chance.randrange(len(RULES)) if self._chance.random() < self._explore else values.index(max(values))
        self._last[replica.index] = (state, rule, replica.now_s, replica.outstanding)

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """By the rule in force: the order of coming, tokens, the number of the tier, or seconds."""
        rule = RULES[self._last[replica.index][1]] if replica.index in self._last else "came_first"
        if rule == "shortest_predicted":
            return max(1, request.output_tokens_seen - request.generated_tokens)
        if rule == "strictest_tier":
            return request.tier
        if rule == "earliest_deadline":
            return request.arrival_s + replica.tiers[request.tier].e2e_s
        return 0.0

    def victim(self, replica: ReplicaView) -> RequestView:
        """The youngest."""
        return replica.running[-1]
