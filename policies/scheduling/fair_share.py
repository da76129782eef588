"""Tenants that have requests to serve share a replica evenly, whatever each of them asks for."""

from cloudsim.contracts import ReplicaView, RequestView


class FairShare:
    """The virtual token counter of Sheng et al. (OSDI 2024, arXiv 2401.00588), for each replica by itself.

    A tenant's counter grows by `input_weight` for each prompt token of its requests that are admitted and by `output_weight` for each token
    that they generate. The tenant with the lowest counter goes first, with its requests in the order in which they came. Who joins those
    that wait is lifted to the lowest counter among them, or, where nobody waited, to that of the tenant admitted last, so that idle time
    earns no credit. Where blocks run out, the youngest request of the tenant with the highest counter gives way (ours; the paper has no
    preemption), and to compute it again costs its tenant nothing.

    Simplified: counters are brought up to date when there is room and more than one request waits, which is when they decide, and not after
    each step; what came and went in between, and so never waited with others, is not counted.

    Args:
        input_weight, output_weight: virtual tokens for a prompt token and for a generated one, at least 0, one of them above.
    """

    reorders = True

    def __init__(self, input_weight: float, output_weight: float) -> None:
        if min(input_weight, output_weight) < 0 or input_weight + output_weight <= 0:
            raise ValueError(f"input_weight is {input_weight} and output_weight {output_weight}; they must be at least 0 and one above")
        self._input_weight, self._output_weight = input_weight, output_weight
        # By replica: counters by tenant; the same after the requests ranked since; the requests it has by index, with the generated tokens
        # of each that are counted and whether its prompt is; and the tenants that waited.
        self._counters: dict[int, dict[int, float]] = {}
        self._next: dict[int, dict[int, float]] = {}
        self._known: dict[int, dict[int, tuple[RequestView, int, bool]]] = {}
        self._waited: dict[int, dict[int, None]] = {}

    def observe(self, replica: ReplicaView) -> None:
        """Count what has been served since, and lift the tenants that have joined those that wait."""
        counters = self._counters.setdefault(replica.index, {})
        self._count(replica, counters)
        waiting = dict.fromkeys(request.tenant for request in replica.waiting)
        stayed = [tenant for tenant in self._waited.get(replica.index, ()) if tenant in waiting]
        floor = min(counters[tenant] for tenant in stayed) if stayed else counters[replica.running[-1].tenant] if replica.running else 0.0
        for tenant in waiting:
            if tenant not in stayed:
                counters[tenant] = max(counters.get(tenant, 0.0), floor)
        self._waited[replica.index] = waiting
        self._next[replica.index] = dict(counters)

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """Its tenant's counter when its turn comes: after its older requests that wait have been admitted."""
        counters = self._next.setdefault(replica.index, {})
        rank = counters.get(request.tenant, 0.0)
        counters[request.tenant] = rank + self._input_weight * request.input_tokens
        return rank

    def victim(self, replica: ReplicaView) -> RequestView:
        """The youngest request of the tenant that has been given most."""
        counters = self._counters.setdefault(replica.index, {})
        self._count(replica, counters)
        return max(reversed(replica.running), key=lambda request: counters[request.tenant])

    def _count(self, replica: ReplicaView, counters: dict[int, float]) -> None:
        waiting, running = ({request.index: request for request in group} for group in (replica.waiting, replica.running))
        known = self._known.get(replica.index, {})
        known |= {index: (request, request.generated_tokens, False) for index, request in waiting.items() if index not in known}
        known |= {index: (request, 0, False) for index, request in running.items() if index not in known}
        kept = self._known[replica.index] = {}
        for index, (request, counted, paid) in known.items():
            tokens, runs = request.generated_tokens, index in running
            admitted = paid or runs or tokens > counted
            given = self._output_weight * (tokens - counted) + (self._input_weight * request.input_tokens if admitted and not paid else 0.0)
            counters[request.tenant] = counters.get(request.tenant, 0.0) + given
            if runs or index in waiting:
                kept[index] = (request, tokens, admitted)
