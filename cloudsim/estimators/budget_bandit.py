"""What contextual bandits over the levels of an elastic model have in common: context, a regression for each level, late rewards."""

from typing import NamedTuple

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from cloudsim.estimators.ridge import Floats, RidgeArms

MOST_TIERS = 4
"""More share the last place, so that contexts stay short."""


class _Profile(NamedTuple):
    """The arms of one elastic profile: its levels, in their order."""

    name: str
    arms: RidgeArms
    level_of: dict[float, int]


class BudgetBandit:
    """Expected rewards of the levels for a request, learnt from how requests ended.

    The context is the tier (one of up to four places is 1), the difficulty seen, the share of KV blocks in use, and two numbers that fill
    up: queue/(queue + queue_tokens) for prompt tokens that wait, n/(n + sequences) for sequences that decode. The reward is 0 if the
    targets of the tier were missed, and 1 − w if they were met, plus w if the answer was found right besides. It comes when the request
    ends, for the level it ran at last; until then its context is kept. Each elastic profile has arms of its own.

    Args:
        right_weight: w in [0, 1].
        ridge: weight of the prior that every reward is 0, above 0.
        queue_tokens: prompt tokens at which a queue fills half of its place, above 0.
        sequences: the same for sequences that decode.
    """

    observes = (
        "fleet.tiers", "replica.decoding", "replica.kv_free", "replica.profile", "replica.queued_tokens", "request.difficulty_seen",
        "request.index", "request.tier", "served.budget", "served.met_sla", "served.replica", "served.request", "served.right_seen",
    )  # fmt: skip

    def __init__(self, right_weight: float, ridge: float, queue_tokens: float, sequences: float) -> None:
        if not 0 <= right_weight <= 1:
            raise ValueError(f"right_weight is {right_weight}; it must lie in [0, 1]")
        for name, value in (("ridge", ridge), ("queue_tokens", queue_tokens), ("sequences", sequences)):
            if not value > 0:
                raise ValueError(f"{name} is {value}; it must be above 0")
        self._right_weight, self._ridge, self._queue_tokens, self._sequences = right_weight, ridge, queue_tokens, sequences
        self._profiles: dict[str, _Profile] = {}
        self._open: dict[int, tuple[_Profile, Floats]] = {}

    def estimates(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> tuple[list[float], list[float]]:
        """Expected reward and variance of each level of the replica's profile, for this request here and now."""
        tiers = min(len(fleet.tiers), MOST_TIERS)
        queued, decoding = replica.queued_tokens, replica.decoding
        place = [0.0] * tiers
        place[min(request.tier, tiers - 1)] = 1.0
        filled = queued / (queued + self._queue_tokens), decoding / (decoding + self._sequences)
        context = RidgeArms.context((*place, *filled, 1.0 - replica.kv_free(), request.difficulty_seen))
        elastic = replica.profile
        profile = self._profiles.get(elastic.name)
        if profile is None:
            level_of = {level.budget: level.index for level in elastic.levels}
            profile = _Profile(elastic.name, RidgeArms(len(elastic.levels), tiers + 4, self._ridge), level_of)
            self._profiles[elastic.name] = profile
        self._open[request.index] = profile, context
        return profile.arms.estimates(context)

    def learn(self, served: Served) -> None:
        """A request has ended; one that never had a level here, or went on to another model, teaches nothing."""
        profile, context = self._open.pop(served.request.index, (None, None))
        if profile is None or context is None or served.replica is None or served.replica.profile.name != profile.name:
            return
        level = profile.level_of.get(served.budget)
        if level is not None:
            reward = 1.0 - self._right_weight + self._right_weight * served.right_seen if served.met_sla else 0.0
            profile.arms.learn(level, context, reward)
