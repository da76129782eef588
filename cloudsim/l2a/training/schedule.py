"""How the learning rate and the temperature of the gates change over a training."""


def warmup_stable_decay(step: int, steps: int, warmup: int = 50, decay: float = 0.3) -> float:
    """Factor on the learning rate: a linear rise, a plateau, a linear fall to zero over the last share `decay` of the steps."""
    falling = steps * (1 - decay)
    return min((step + 1) / warmup, 1.0) * min(1.0, (steps - step) / max(steps - falling, 1))


def annealed(step: int, steps: int, start: float, end: float) -> float:
    """Geometric passage from `start` at step 0 to `end` at the last step."""
    passed: float = step / max(steps - 1, 1)
    return float(start * (end / start) ** passed)
