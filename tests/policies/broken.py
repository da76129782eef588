"""Policies that break their contract, each in its own way."""


class Rejects:
    """No admission policy at all: it says neither yes nor no."""

    def admit(self, request, fleet):
        return None


class Nowhere:
    def route(self, request, fleet):
        return None


class Endless:
    def route(self, request, fleet):
        while True:
            pass


class Raises:
    def route(self, request, fleet):
        return fleet.ready[request.index // 0]


class Writes:
    """Changes what it may only read.

    Args: what: of the views it is given.
    """

    def __init__(self, what):
        self.what = what

    def route(self, request, fleet):
        if self.what == "request":
            request.tier = 0
        elif self.what == "replica":
            fleet.ready[0].outstanding = 0
        elif self.what == "fleet":
            fleet.ready.clear()
        else:
            del request.tier
        return fleet.ready[0]


class LearnsNothing:
    def budget(self, request, replica, fleet):
        return 1.0

    def learn(self, served):
        raise KeyError("what is this?")


class Elsewhere:
    """Keeps to the first replica it saw, even when that is gone."""

    def __init__(self):
        self.first = None

    def route(self, request, fleet):
        self.first = self.first or fleet.ready[0]
        return self.first


class Budget:
    """Gives the same thing whatever is asked."""

    def __init__(self, value):
        self.value = float("nan") if value == "nan" else value

    def budget(self, request, replica, fleet):
        return self.value


class Plan:
    """Decides the same thing whenever it is asked.

    Args: decision: a name in `cloudsim.contracts` and its arguments, or anything else, which is returned as it is.
    """

    def __init__(self, decision, listed=True):
        from cloudsim import contracts

        if isinstance(decision, list) and decision and isinstance(decision[0], str) and hasattr(contracts, decision[0]):
            decision = getattr(contracts, decision[0])(*decision[1:])
        self.decision = [decision] if listed else decision

    def plan(self, cluster):
        return self.decision


class Act:
    """Answers a notice with things that are no actions."""

    def act(self, notice):
        return ["finish"] * len(notice.running)


class Rank:
    """Ranks every request alike."""

    def __init__(self, rank):
        self.value = float(rank) if isinstance(rank, str) else rank

    def rank(self, request, replica):
        return self.value


class Victim(Rank):
    """Sends away somebody who is not there."""

    def __init__(self):
        super().__init__(0)

    def victim(self, replica):
        return None


class Quantum(Rank):
    """Gives everybody the same time, which is none."""

    def __init__(self, tokens):
        super().__init__(0)
        self.tokens = tokens

    def quantum_tokens(self, request, replica):
        return self.tokens


class Worth:
    def __init__(self, worth):
        self.value = float(worth) if worth else worth

    def worth(self, entry, replica):
        return self.value
