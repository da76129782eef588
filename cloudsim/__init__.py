"""cloudsim: which fleet keeps its SLA on volatile GPUs, at what quality, at what cost."""

__version__ = "0.1.0"
