"""Admission policies of a user's own, for leagues."""


class Every:
    """Rejects every `nth` request."""

    def __init__(self, nth):
        if nth < 2:
            raise ValueError(f"nth must be at least 2; it is {nth}")
        self.nth = nth

    def admit(self, request, fleet):
        return request.index % self.nth > 0


class Seer(Every):
    """A bound, since it says so."""

    oracle = ("length",)


class FailsInStorms:
    """Fails once a node was lost or a request came later than ten seconds."""

    def admit(self, request, fleet):
        if request.arrival_s > 10:
            raise ArithmeticError("too late for me")
        return True
