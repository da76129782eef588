"""Trying every level on so many requests."""


class LevelTrials:
    """Hands the levels of a profile out in turn until each has its outcomes.

    Args:
        levels: their number.
        outcomes: wanted of each, at least 1.

    Attributes:
        counts: [right, wrong] of each level so far.
    """

    def __init__(self, levels: int, outcomes: int) -> None:
        self._wanted = outcomes
        self._asked = [0] * levels
        self.counts = [[0, 0] for _ in range(levels)]

    def next(self) -> int | None:
        """The level to try next; None while outcomes of all that is wanted are on their way."""
        least = min(self._asked)
        if least >= self._wanted:
            return None
        level = self._asked.index(least)
        self._asked[level] += 1
        return level

    def note(self, level: int, right: bool | None) -> None:
        """A trial has ended; None if it told nothing, so that another is needed."""
        if right is None:
            self._asked[level] -= 1
        else:
            self.counts[level][not right] += 1

    @property
    def complete(self) -> bool:
        """Whether each level has its outcomes."""
        return all(right + wrong >= self._wanted for right, wrong in self.counts)
