"""Multi-level feedback queues: those that have generated little go first, without knowing who will generate much."""

from cloudsim.contracts import ReplicaView, RequestView

STARVED = -1


class MLFQ:
    """Skip-join multi-level feedback queues as in FastServe (arXiv 2305.05920).

    A request joins the first queue whose quantum is worth its prompt, runs for the quantum, and goes down one queue after each; a quantum
    is twice the one above. Lower queues give way to higher ones at the end of a quantum. Who starves is promoted: before all queues goes a
    request that is older than `starvation_s` for each quantum it has used and the one to come.

    Simplified: quanta are counted in tokens and not in seconds; who gives way is computed again, where FastServe swaps its KV to the
    host; FastServe measures how long a request has waited in its queue, here its age stands for that.

    Args:
        quantum: output tokens of the first queue, at least 1.
        queues: how many there are, at least 1.
        prompt_tokens_per_token: prompt tokens that take as long as one output token, above 0.
        starvation_s: seconds a quantum after which a request is promoted, above 0.
    """

    reorders = True

    def __init__(self, quantum: int, queues: int, prompt_tokens_per_token: float, starvation_s: float) -> None:
        for name, value in (("quantum", quantum), ("queues", queues)):
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        for name, size in (("prompt_tokens_per_token", prompt_tokens_per_token), ("starvation_s", starvation_s)):
            if size <= 0:
                raise ValueError(f"{name} is {size}; it must be above 0")
        self._quanta = [quantum << level for level in range(queues)]
        self._prompt_tokens_per_token, self._starvation_s = prompt_tokens_per_token, starvation_s

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """Number of its queue, or -1 while it starves."""
        level, used, _ = self._place(request)
        return STARVED if replica.now_s - request.arrival_s > self._starvation_s * (used + 1) else level

    def quantum_tokens(self, request: RequestView, replica: ReplicaView) -> int:
        """What is left of the quantum of its queue."""
        return self._place(request)[2]

    def _place(self, request: RequestView) -> tuple[int, int, int]:
        """Its queue, the quanta it has used, and the tokens that are left of the present one."""
        quanta = self._quanta
        last, level, worth = len(quanta) - 1, 0, request.input_tokens / self._prompt_tokens_per_token
        while level < last and quanta[level] < worth:
            level += 1
        used, tokens = 0, request.generated_tokens
        while level < last and tokens >= quanta[level]:
            tokens -= quanta[level]
            level, used = level + 1, used + 1
        return level, used + tokens // quanta[level], quanta[level] - tokens % quanta[level]
