"""A small experiment whose runs are made up: importable, so that worker processes find it."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from cloudsim.cluster.bill import CLASSES, USD_CLASSES
from cloudsim.metrics.tables import CHANGES, DECISIONS, NODES, REQUESTS, STATUSES, TIMELINE
from cloudsim.metrics.words import Words
from cloudsim.simulation import RunTables
from cloudsim.streams import stream
from traces.provenance import Provenance, Source


def made_up(config, contender, replication, progress=None):
    """Tables with every column, from the random stream of the task."""
    rng = stream(config.seed, replication, contender)
    if progress is not None:
        progress(0.5)
    rows = {REQUESTS: 100 + replication, NODES: 3, TIMELINE: 5, CHANGES: 4, DECISIONS: 6}
    tables = [_table(columns, count, rng) for columns, count in rows.items()]
    status = Words(rng.integers(0, 2, 100 + replication), STATUSES)
    tables[0]["status"] = status
    for unit, total, kinds in (("usd", "cost_usd", USD_CLASSES), ("gpu_s", "billed_gpu_s", CLASSES)):
        tables[1][total] = sum(tables[1][f"{kind}_{unit}"] for kind in kinds)
    sources = (Source("all runs", Provenance.MEASURED, "here"), Source(f"traffic {replication}", Provenance.PUBLISHED, "there", "ab"))
    return RunTables(*tables, sources, (), events=10, loop_cpu_s=0.5)


def _table(columns, rows, rng):
    table = {}
    for column in columns:
        if column.name in ("contender", "replication"):
            continue
        if column.type == "category":
            table[column.name] = Words(rng.integers(0, 2, rows).astype(np.int8), ("spot", "reclaimed"))
        else:
            table[column.name] = (
                rng.integers(0, 2, rows).astype(column.type) if "int" in column.type else rng.random(rows).astype(column.type)
            )
    return table


def fails(config, contender, replication, progress=None):
    raise ArithmeticError(f"{contender} {replication} fails")


def dies(config, contender, replication, progress=None):
    os.kill(os.getpid(), signal.SIGKILL)


def hangs_after_the_first(config, contender, replication, progress=None):
    if replication == 0 and contender == next(iter(config.contenders)):
        return made_up(config, contender, replication)
    Path(config.output_dir, f"{os.getpid()}").touch()
    time.sleep(600)
    return None
