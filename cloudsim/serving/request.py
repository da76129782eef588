"""One request on its way through the fleet."""

from math import inf
from typing import TYPE_CHECKING

from cloudsim.models.elastic import Level
from cloudsim.views import RequestView

if TYPE_CHECKING:
    from cloudsim.serving.replica import Replica


class Request:
    """A request from its arrival to its end.

    The gateway makes it, gives it a level (its budget) and hands it to a replica. There it waits, is prefilled in chunks and
    decodes; when its blocks or its node go away it starts again with the tokens it has already generated as part of its prompt.

    Attributes:
        index: position in the trace. tier: index of its tier.
        input_tokens: prompt of the user. full_output_tokens, reasoning_tokens: what the full model would answer with.
        difficulty_seen, output_tokens_seen: what a router believes its difficulty and a scheduler the length of its full answer to be.
        tenant: who sent it.
        conversation, turn: the conversation it belongs to, -1 for none, and its number in that.
        shared_tokens: of its prompt, those that the last turn of its conversation had too, so that their KV may be kept somewhere.
        output_tokens: length of the answer at its level; generated_tokens: what has reached the client (settled when it leaves a batch).
        prompt_tokens: tokens to prefill now (prompt and what was generated before); prefilled_tokens: of these, done.
        finish_step: step of its replica after which it is complete, while it decodes; -1 otherwise.
        cache_offset: tokens stored minus steps done, which stays the same while it decodes.
        share_mark_s: what its replica charged one sequence until it began to decode.
        cached_tokens: of these, the first ones whose KV an earlier turn had left, so that they were not computed.
        known_tokens: tokens whose KV it had before and lost, whoever computed it: prefilling them again is lost work.
        gpu_s, lost_gpu_s: seconds of its replica attributed to it, and of these without use.
        past_gpu_s, past_lost_gpu_s: the same in GPU-seconds for replicas it has left, which may have had other numbers of GPUs.
        spent: useful seconds on each replica it has left, in case it is lost after all.
        effort: share of its reasoning tokens that a policy lets it write; infinite where none says. reasoning_share: share it is granted.
        samples: of its answer, written one after another. held: whether the client sees nothing of it before it has been reviewed.
        escalations: answers of it that were thrown away.
        hits: set under a prefix cache only: turns in a row that found the KV of the one before on the replica.
        rank, order, expiry_step, yields: set under a scheduling policy only: its place in the order, the step before which its quantum
            ends (-1 while it does not decode), and whether it has used a quantum since it was admitted.
        view: what policies see of it.
    """

    __slots__ = (
        "index", "arrival_s", "input_tokens", "full_output_tokens", "reasoning_tokens", "tier", "difficulty_seen",
        "output_tokens_seen", "tenant", "conversation", "turn", "shared_tokens",
        "level", "token_level", "output_tokens", "generated_tokens", "prompt_tokens", "prefilled_tokens", "cached_tokens", "hits",
        "known_tokens", "finish_step", "share_mark_s", "cache_offset", "replica",
        "dispatched_s", "first_token_s", "preempted", "retries", "migrations", "gpu_s", "lost_gpu_s", "past_gpu_s", "past_lost_gpu_s",
        "spent", "effort", "reasoning_share", "samples", "held", "escalations", "view", "rank", "order", "expiry_step", "yields",
    )  # fmt: skip

    def __init__(
        self, index: int, arrival_s: float, input_tokens: int, output_tokens: int, reasoning_tokens: int, tier: int, difficulty_seen: float,
        output_tokens_seen: int = 1, tenant: int = 0, conversation: int = -1, turn: int = 0, shared_tokens: int = 0,
    ) -> None:  # fmt: skip
        self.index, self.arrival_s, self.tier, self.difficulty_seen = index, arrival_s, tier, difficulty_seen
        self.output_tokens_seen, self.tenant = output_tokens_seen, tenant
        self.conversation, self.turn, self.shared_tokens = conversation, turn, shared_tokens
        self.input_tokens, self.full_output_tokens, self.reasoning_tokens = input_tokens, output_tokens, reasoning_tokens
        self.output_tokens, self.generated_tokens = output_tokens, 0
        self.prompt_tokens, self.prefilled_tokens, self.known_tokens = input_tokens, 0, 0
        self.cached_tokens = 0
        self.finish_step = -1
        self.cache_offset = 0
        self.share_mark_s = 0.0
        self.level: Level
        self.token_level: Level
        self.replica: Replica | None = None
        self.dispatched_s = self.first_token_s = -1.0
        self.preempted = self.retries = self.migrations = 0
        self.gpu_s = self.lost_gpu_s = self.past_gpu_s = self.past_lost_gpu_s = 0.0
        self.spent: tuple[tuple[Replica, float], ...] = ()
        self.effort, self.reasoning_share = inf, 1.0
        self.samples, self.held, self.escalations = 1, False, 0
        self.view = RequestView(self)
        self.hits: int
        self.rank: float
        self.order: int
        self.expiry_step: int
        self.yields: bool

    def begin_anew(self) -> None:
        """Its answer is thrown away: it is to be served from its prompt, of which no replica has anything to compute a second time."""
        self.escalations += 1
        self.output_tokens, self.generated_tokens = self.full_output_tokens, 0
        self.prompt_tokens, self.prefilled_tokens, self.known_tokens = self.input_tokens, 0, 0
        self.cached_tokens = 0
        self.first_token_s = -1.0

    def withhold(self) -> None:
        """It ends without an answer: what was held back for a review never reached the client."""
        if self.held:
            self.generated_tokens, self.first_token_s = 0, -1.0
