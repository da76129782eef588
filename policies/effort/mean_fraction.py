"""Each tier dials a fraction of the usual reasoning."""

from collections.abc import Sequence

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class MeanFraction:
    """e1 (arXiv 2510.27042): a continuous effort r lets a model write the fraction r of the mean length of its reasoning on the query.

    The users of a tier set r. Relative to the query's own mean it is a share of the request's reasoning tokens, whatever their number, so
    no length has to be known. In the paper the model is trained to keep to r, and loses less on easy queries; here all lose by one curve.

    Args:
        fractions: r in (0, 1] for each tier, in the order of the configuration; the last one stands for any further tier.
    """

    source = "e1, arXiv 2510.27042"
    observes = ("request.tier",)

    def __init__(self, fractions: Sequence[float]) -> None:
        if not fractions or not all(0 < one <= 1 for one in fractions):
            raise ValueError(f"fractions is {list(fractions)}; it needs at least one number, all in (0, 1]")
        self._fractions = list(fractions)

    def effort(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The tier's fraction."""
        return self._fractions[min(request.tier, len(self._fractions) - 1)]
