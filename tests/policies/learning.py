"""Policies on requests that keep what they are told of them."""


class Remembers:
    """Full budgets while half of the last answers were found right, lean ones otherwise."""

    def __init__(self):
        self.told = []

    def budget(self, request, replica, fleet):
        last = self.told[-20:]
        return 1.0 if sum(served.right_seen for served in last) * 2 >= len(last) else 0.5

    def learn(self, served):
        self.told.append(served)
