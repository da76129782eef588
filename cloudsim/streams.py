"""Named random streams spawned from one seed, so that every part draws from its own and no part disturbs another."""

from zlib import crc32

import numpy as np


def stream(seed: int, replication: int, *name: str | int) -> np.random.Generator:
    """The generator called `name` of one replication: the same in any process, whatever was drawn before.

    Args:
        seed: the experiment's root seed, at least 0.
        replication: index of the replication, from 0.
        name: words or numbers that name the use, such as ("market", "us-east-1a").
    """
    key = [crc32(part.encode()) if isinstance(part, str) else part for part in name]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=(replication, *key))))
