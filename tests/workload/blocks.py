"""Blocks of other lengths than those of the product."""

from cloudsim.metrics import recorder
from cloudsim.workload import block, drawing, workload


def shorten(monkeypatch, rows):
    """Let blocks have `rows` requests."""
    for module in (block, drawing, workload, recorder):
        monkeypatch.setattr(module, "BLOCK", rows)
