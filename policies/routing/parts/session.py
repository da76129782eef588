"""Conversations stay where they are."""

from collections import OrderedDict

from cloudsim.contracts import FleetView, ReplicaView, RequestView

MOST_CONVERSATIONS = 65_536
"""That are remembered, those that spoke last."""


class Session:
    """1 for a replica that did not get the last turn of the request's conversation, 0 for the one that did.

    0 for all where nobody is remembered: for the first turn, and for requests without a conversation. A turn that lost its replica counts
    for the one that it went to next.
    """

    source = "sticky sessions, as HAProxy and NGINX keep them"
    observes = ("replica.index", "request.conversation")

    def __init__(self) -> None:
        self._replica_of: OrderedDict[int, int] = OrderedDict()

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """0 or 1."""
        index = self._replica_of.get(request.conversation)
        return 0.0 if index is None or index == replica.index else 1.0

    def chose(self, request: RequestView, replica: ReplicaView) -> None:
        """A turn goes to a replica."""
        conversation = request.conversation
        if conversation < 0:
            return
        self._replica_of[conversation] = replica.index
        self._replica_of.move_to_end(conversation)
        if len(self._replica_of) > MOST_CONVERSATIONS:
            self._replica_of.popitem(last=False)
