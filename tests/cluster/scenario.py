"""Small runs for tests: the shipped configuration with a few keys changed, traffic and a spot market given as plain lists."""

import hashlib
from copy import deepcopy
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from cloudsim.config import RunConfig
from cloudsim.contracts import Action
from cloudsim.metrics.words import Words
from traces.hardware import HardwareSeries
from traces.provenance import Provenance, Source
from traces.tables import RequestTrace, SpotTrace, ZoneSeries

SOURCE = Source("test", Provenance.ASSUMED, "a test")
HERE = "tests.cluster.scenario"


class Listed:
    """Traffic given row by row.

    Args:
        rows: (arrival_s, input tokens, output tokens), sorted; those after the end of the run do not come.
    """

    def __init__(self, rows):
        self.rows = rows

    def requests(self, duration_s, rng):
        columns = list(zip(*(row for row in self.rows if row[0] < duration_s), strict=True)) or [(), (), ()]
        yield RequestTrace(np.array(columns[0], float), *(np.array(column, np.int64) for column in columns[1:]), (SOURCE,))


class Talking:
    """Traffic given row by row, in conversations.

    Args:
        rows: (arrival_s, input tokens, output tokens, session or None), sorted.
    """

    def __init__(self, rows):
        self.rows = rows

    def requests(self, duration_s, rng):
        here = [row for row in self.rows if row[0] < duration_s]
        more = {"session_id": pa.array([row[3] for row in here], pa.string())}
        for table in Listed([row[:3] for row in here]).requests(duration_s, rng):
            yield replace(table, more=more)


class Scheduled:
    """A spot market given change by change.

    Args:
        zones: for each zone (time_s, capacity, price_usd_per_h) from time 0 on.
    """

    def __init__(self, zones):
        self.zones = zones

    def spot(self, duration_s, rng):
        series = []
        for zone, changes in self.zones.items():
            time_s, capacity, price = zip(*changes, strict=True)
            series.append(ZoneSeries(zone, zone[:-1], np.array(time_s, float), np.array(capacity, np.int64), np.array(price, float)))
        return SpotTrace(tuple(series), duration_s, (SOURCE,))


class Listing:
    """Hardware given change by change, the same for every node.

    Args:
        changes: (time_s, taken share of each of four GPUs) from time 0 on; an instance of fewer GPUs has the first ones.
    """

    source = SOURCE

    def __init__(self, changes):
        self.changes = changes

    def hardware(self, duration_s, gpus, rng):
        time_s, taken = zip(*self.changes, strict=True)
        return HardwareSeries(np.array(time_s, float), np.array(taken, float)[:, :gpus])


class Mover:
    """A notice policy that moves every sequence, even where its KV will not get out in time."""

    def act(self, notice):
        return [Action.MIGRATE] * len(notice.running)


class UpAndDown:
    """A scaling policy of whims."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def targets(self, load, cluster):
        return {pool: int(self.rng.integers(0, 4)) for pool in cluster.targets}


@cache
def shipped(*overrides, experiment="spot_preemption"):
    """The tree of an experiment, as Hydra composes it; of `spot_preemption` a copy for each caller is made by `tree`."""
    with initialize_config_module("experiments", version_base="1.3"):
        made = compose("config", overrides=[f"+experiment={experiment}", "output_dir=unused", *overrides])
    composed = OmegaConf.to_container(made, resolve=True)
    composed.pop("hydra", None)
    return composed


def composed(experiment, *overrides):
    """A shipped experiment."""
    return RunConfig.model_validate(deepcopy(shipped(*overrides, experiment=experiment)))


@cache
def _entry(group, name):
    with initialize_config_module("experiments", version_base="1.3"):
        return OmegaConf.to_container(compose(f"{group}/{name}"))[group]


def preset(group, name):
    """One entry of a configuration group, such as ("budget", "fixed")."""
    return deepcopy(_entry(group, name))


def tree(changes=None, overrides=()):
    """The shipped configuration as nested mappings with `changes`, a mapping from dotted keys to values."""
    made = deepcopy(shipped(*overrides))
    for key, value in (changes or {}).items():
        *above, last = key.split(".")
        at = made
        for name in above:
            at = at[name]
        if value is DELETE:
            del at[last]
        else:
            at[last] = deepcopy(value)
    return made


DELETE = object()


def configuration(changes=None, overrides=()):
    return RunConfig.model_validate(tree(changes, overrides))


def contender(pools, **kinds):
    """A contender with `pools` (name: (model, elastic profile or None, instances)) and policies by their names in `experiments`."""
    plain = {"admission": "always", "routing": "least_outstanding", "budget": "full", "provisioning": "spot_spread", "notice": "recompute"}
    parts = {kind: preset(kind, name) if isinstance(name, str) else name for kind, name in (plain | kinds).items()}
    rows = {
        name: {"model": model, "elastic": elastic, "instances": count, "instance": None} for name, (model, elastic, count) in pools.items()
    }
    return {"pools": rows, **parts}


def listed(rows):
    return {"_target_": f"{HERE}.Listed", "rows": rows}


def talking(rows):
    return {"_target_": f"{HERE}.Talking", "rows": rows}


def scheduled(zones):
    return {"_target_": f"{HERE}.Scheduled", "zones": zones}


def small(parts, rows, zones, **changes):
    """A few simulated minutes of one contender: short starts, listed traffic, a scheduled market. `__` in a key stands for a dot."""
    quick = {
        "contenders": {"one": parts}, "traffic": listed(rows), "spot": scheduled(zones), "duration_s": 120.0, "drain_s": 60.0, "seeds": 1,
        "provider.zones": list(zones), "market.slots_per_zone": 1, "market.traced_on_demand_usd_per_h": None, "workload.rate_scale": 1.0,
        "startup.provision_min_s": 2.0, "startup.provision_max_s": 6.0, "startup.boot_s": 2.0, "startup.load_bytes_per_s": 8e9,
        "startup.engine_start_s": 3.0, "fleet.control_interval_s": 5.0, "provider.rebalance_lead_s": 0.0, "workers": 1,
    }  # fmt: skip
    return configuration(quick | {key.replace("__", "."): value for key, value in changes.items()})


def words(column):
    """A column of words as a list."""
    return [column.words[code] for code in column.codes]


def fingerprint(tables, names=("requests", "nodes", "timeline", "changes", "decisions")):
    """Digest of result tables of a run, to the byte."""
    digest = hashlib.sha256()
    for table in (getattr(tables, name) for name in names):
        for name, column in table.items():
            digest.update(name.encode())
            if isinstance(column, Words):
                digest.update(repr(column.words).encode())
                column = column.codes
            digest.update(str(column.dtype).encode() + np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()
