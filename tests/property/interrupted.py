"""The judge, stopped in the middle of a step: what was done by then, and what is handed back."""

from dataclasses import dataclass

from tests.judge import Judge


@dataclass
class Cut:
    """The state at a moment.

    Args:
        left: sequences that are not complete, in the order in which they are handed back.
        boundary_s: when the last whole step ended. steps: whole steps so far. composed: whether a step was under way.
    """

    left: list
    boundary_s: float
    steps: int
    composed: bool


class InterruptedJudge(Judge):
    """A judge that can be stopped at any time; `at_step` maps a number of steps to what is done at that boundary."""

    def begin(self, sequences):
        self.to_come = list(sequences)
        self.most_stored = {}  # tokens of KV that each sequence has had and lost
        for s in sequences:
            s.target = s.prompt

    def preempt(self, s):
        self.most_stored[s.index] = max(self.most_stored.get(s.index, 0), s.stored)
        super().preempt(s)

    def until(self, time_s, at_step=None):
        """Serve until `time_s`; the step under way then is undone."""
        at_step = at_step or {}
        while True:
            if self.steps in at_step:
                at_step.pop(self.steps)(self)
            while self.to_come and self.to_come[0].arrival_s <= self.now and (self.waiting or self.running or self.steps):
                self.arrive(self.to_come.pop(0))
            if not self.waiting and not self.running:
                if not self.to_come or self.to_come[0].arrival_s >= time_s:
                    return Cut([], self.now, self.steps, False)
                s = self.to_come.pop(0)
                self.now = max(self.now, s.arrival_s)
                self.arrive(s)
            if self.now >= time_s:
                return Cut([*self.running, *self.waiting], self.now, self.steps, False)
            began_s, busy_s = self.now, self.busy_s
            order = [*self.running, *self.waiting]
            former = {s.index: (s.generated, s.first_token_s, s.done_s, s.stored) for s in order}
            if not self.step():
                raise AssertionError("the judge stands still with requests left")
            if self.now > time_s:
                for s in order:
                    s.generated, s.first_token_s, s.done_s, stored = former[s.index]
                    if s.stored or s in self.running or former[s.index][2] != s.done_s:
                        s.stored = stored
                self.now, self.busy_s, self.steps = began_s, busy_s, self.steps - 1
                late = [s for s in self.to_come if s.arrival_s < time_s]
                return Cut([*order, *late], began_s, self.steps, True)
