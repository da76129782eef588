"""Routers that are content with no answer, and efforts that do not last."""

from cloudsim.contracts import Route


class Restless:
    """Sends a request through as many models as it may, with other samples each time, and streams some answers."""

    def route(self, request, fleet):
        return self.pick(request, fleet)

    def review(self, request, answer, fleet):
        return self.pick(request, fleet) if answer.attempt + 1 < len(fleet.ready_by_pool) else None

    def pick(self, request, fleet):
        ready = fleet.ready
        turn = request.index + request.escalations
        return Route(ready[turn % len(ready)], samples=1 + turn % 4, final=request.index % 5 == 0)


class Endless:
    """Never accepts an answer."""

    def route(self, request, fleet):
        return fleet.ready[0]

    def review(self, request, answer, fleet):
        return fleet.ready[0]


class Undecided:
    """Lets requests reason more or less each time it is asked."""

    def effort(self, request, replica, fleet):
        return (1 + (request.index + request.retries) % 5) / 5

    def tighten(self, request, replica, fleet):
        return (1 + (request.index + request.generated_tokens) % 7) / 7
