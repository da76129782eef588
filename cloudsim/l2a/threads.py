"""The number of threads that torch computes with, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch use `count` threads.

    Sums are split by thread, so their last bits hang on the number; and processes that share the cores already gain nothing by more.
    """
    import torch

    former = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(former)
