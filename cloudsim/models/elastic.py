"""What a compute budget does to a model: the levels of depth, width and reasoning an elastic model can run at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cloudsim.catalog import entry
from cloudsim.errors import ConfigError
from cloudsim.models.spec import ModelSpec
from traces.provenance import Provenance, Source


@dataclass(frozen=True, slots=True)
class Level:
    """One setting of an elastic model.

    Args:
        index: position in its profile; 0 is the full model, each further one computes less.
        budget: the compute budget b in (0, 1] it stands for.
        layers: layers that are run.
        units: KV head groups summed over those layers; what a cached token costs.
        depth, width: `layers` and `units` as shares of the full model.
        tokens: share of the reasoning tokens that is left.
        quality: share of the full model's score that is left.
        ran: the layers that are run, by their numbers, where a single sequence's are known.
    """

    index: int
    budget: float
    layers: int
    units: int
    depth: float
    width: float
    tokens: float
    quality: float
    ran: tuple[int, ...] = ()


class BatchLayers(Protocol):
    """The layers whose weights a batch reads, as sequences come and go."""

    def enter(self, level: Level) -> float:
        """A sequence of this level comes; returns the layers read from now on."""

    def leave(self, level: Level) -> float:
        """One goes."""


@dataclass(frozen=True, slots=True)
class ElasticProfile:
    """The levels of one model, from the full one down.

    Args:
        independent: False if the skip sets are nested, True if each sequence skips layers of its own.
        gate_overhead: share of compute time that the gates add.
        layer_use: for each level the share of sequences that run each layer, where it was measured.
        realised: whether each sequence's level says which layers it runs (`Level.ran`).
    """

    name: str
    model_layers: int
    levels: tuple[Level, ...]
    independent: bool
    gate_overhead: float
    sources: tuple[Source, ...]
    layer_use: tuple[tuple[float, ...], ...] = ()
    realised: bool = False

    def level_for(self, budget: float) -> Level:
        """The richest level that stays within `budget`; the leanest one if none does."""
        for level in self.levels:
            if level.budget <= budget + 1e-9:
                return level
        return self.levels[-1]

    def resident_layers(self, level: Level) -> int:
        """Layers that sequences of `level` or a leaner one may run: what has to be in memory for them."""
        if self.layer_use:
            return sum(any(use[layer] > 0 for use in self.layer_use[level.index :]) for layer in range(self.model_layers))
        return self.model_layers if self.independent else level.layers

    def layers_read(self, counts: Sequence[int]) -> float:
        """Layers whose weights a batch reads: the union over its sequences.

        Args:
            counts: sequences of the batch at each level.

        Nested: the deepest member's layers. Independent: each layer but the first is kept with the level's mean probability p, so it
        is read with probability 1 − Π(1 − p); the first is never skipped. With `layer_use` every layer has its own p, and since the input
        picks what a sequence runs, that holds for nested skip sets too.
        """
        if self.layer_use:
            idle = [1.0] * self.model_layers
            for use, count in zip(self.layer_use, counts, strict=True):
                if count:
                    idle = [left * (1.0 - share) ** count for left, share in zip(idle, use, strict=True)]
            return self.model_layers - sum(idle)
        if not self.independent:
            for level, count in zip(self.levels, counts, strict=True):
                if count:
                    return level.layers
            return 0.0
        if not any(counts):
            return 0.0
        unused = 1.0
        others = self.model_layers - 1
        for level, count in zip(self.levels, counts, strict=True):
            if count:
                unused *= ((self.model_layers - level.layers) / others) ** count if others else 1.0
        return 1.0 + others * (1.0 - unused)

    def batch_layers(self) -> BatchLayers:
        """An empty batch."""
        if self.realised:
            return LayerUnion(self.model_layers)
        return LevelCounts(self) if self.layer_use or self.independent else DeepestLevel(self.levels)


class DeepestLevel:
    """A batch of nested skip sets: it reads what its deepest member runs, which is found without going through the levels each time."""

    __slots__ = ("_budgets", "_counts", "_deepest", "_layers")

    def __init__(self, levels: Sequence[Level]) -> None:
        # The last entry is that of an empty batch: always there, and no layers.
        self._layers = [*(level.layers for level in levels), 0]
        self._budgets = [*(level.budget for level in levels), 0.0]
        self._counts, self._deepest = [*(0 for _ in levels), 1], len(levels)

    def enter(self, level: Level) -> float:
        """See `BatchLayers`."""
        index = level.index
        self._counts[index] += 1
        if index < self._deepest:
            self._deepest = index
        return self._layers[self._deepest]

    def leave(self, level: Level) -> float:
        """See `BatchLayers`."""
        counts = self._counts
        counts[level.index] -= 1
        while not counts[self._deepest]:
            self._deepest += 1
        return self._layers[self._deepest]

    @property
    def budget(self) -> float:
        """Of the deepest member; 0 in an empty batch."""
        return self._budgets[self._deepest]


class LevelCounts:
    """A batch of which only the levels are known: how many sequences it has at each."""

    __slots__ = ("_counts", "_profile")

    def __init__(self, profile: ElasticProfile) -> None:
        self._profile, self._counts = profile, [0] * len(profile.levels)

    def enter(self, level: Level) -> float:
        """See `BatchLayers`."""
        self._counts[level.index] += 1
        return self._profile.layers_read(self._counts)

    def leave(self, level: Level) -> float:
        """See `BatchLayers`."""
        self._counts[level.index] -= 1
        return self._profile.layers_read(self._counts)


class LayerUnion:
    """A batch in which every sequence says which layers it runs: how many run each."""

    __slots__ = ("_runners", "_used")

    def __init__(self, layers: int) -> None:
        self._runners, self._used = [0] * layers, 0

    def enter(self, level: Level) -> float:
        """See `BatchLayers`."""
        runners = self._runners
        for layer in level.ran:
            runners[layer] += 1
            self._used += runners[layer] == 1
        return self._used

    def leave(self, level: Level) -> float:
        """See `BatchLayers`."""
        runners = self._runners
        for layer in level.ran:
            runners[layer] -= 1
            self._used -= runners[layer] == 0
        return self._used


def static_profile(model: ModelSpec) -> ElasticProfile:
    """The profile of a model that cannot skip anything: one level, the full one."""
    units = model.layers * model.kv_heads
    return ElasticProfile(model.name, model.layers, (Level(0, 1.0, model.layers, units, 1.0, 1.0, 1.0, 1.0),), False, 0.0, ())


def find_profile(name: str, model: ModelSpec) -> ElasticProfile:
    """The elastic profile called `name` of `model`; `ConfigError` if there is none or it is another model's."""
    return profile_of(name, model, entry("cloudsim.models.catalog", "elastic.yaml", "elastic profile", name))


def profile_of(name: str, model: ModelSpec, found: Mapping[str, Any]) -> ElasticProfile:
    """The elastic profile that an entry of a catalogue describes; `ConfigError` if it is another model's."""
    if found["model"] != model.name:
        raise ConfigError(f"elastic profile {name} belongs to model {found['model']}, not to {model.name}")
    levels: list[Level] = []
    for index, row in enumerate(found["levels"]):
        layers = max(1, round(model.layers * (1 - row["layer_sparsity"])))
        units = max(1, round(layers * model.kv_heads * (1 - row["head_sparsity"])))
        width = units / (layers * model.kv_heads)
        levels.append(Level(index, row["budget"], layers, units, layers / model.layers, width, row["tokens"], row["quality"]))
    overhead = found["gate_overhead"]
    independent = found["skipping"] == "independent"
    sources = [
        Source(f"elastic profile {name}, b = {row['budget']:g}", Provenance(row["provenance"]), found["source"]) for row in found["levels"]
    ]
    sources.append(Source(f"gate overhead of {name}", Provenance(overhead["provenance"]), f"{overhead['value']:.0%} of compute time"))
    skipping = "each sequence skips layers of its own" if independent else "skip sets are nested"
    sources.append(Source(f"batches of {name}", Provenance.PROJECTED, f"{skipping}; the paper measures no mixed batches"))
    return ElasticProfile(name, model.layers, tuple(levels), independent, overhead["value"], tuple(sources))
