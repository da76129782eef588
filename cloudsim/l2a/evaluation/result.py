"""The whole result of an evaluation: the document, and the files in its folder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.l2a.evaluation.catalog import DENSE, METHODS
from cloudsim.l2a.evaluation.cell import Cell
from cloudsim.l2a.evaluation.frontier import Point, frontier, groups
from cloudsim.l2a.evaluation.records import mask_bits

if TYPE_CHECKING:
    import pandas as pd

    from cloudsim.l2a.cost import ModelCost
    from cloudsim.l2a.evaluation.timing import Timing

DOCUMENT, FRONTIER, RECORDS = "evaluation.json", "frontier.csv", "records.parquet"
TABLES, PAGE = "evaluation.md", "evaluation.html"


@dataclass(frozen=True)
class Result:
    """What was measured.

    Args:
        tables: the records of each cell.
        cost: of the dense model.
        timings: of decoding; empty if it was not timed.
        left_out: one line for each method whose weights are absent.
        options: the options of the evaluation.
    """

    tables: "Mapping[Cell, pd.DataFrame]"
    cost: "ModelCost"
    timings: "Sequence[Timing]"
    left_out: Sequence[str]
    options: Mapping[str, Any]

    @cached_property
    def points(self) -> list[Point]:
        """The frontier, the dense model first."""
        return frontier(self.tables, self.cost)

    def document(self) -> dict[str, Any]:
        """The result as JSON."""
        points = self.points
        elastic = [timing for timing in self.timings if timing.method != DENSE]
        speedup: dict[str, dict[str, dict[str, float]]] = {}
        gates: dict[str, float] = {}
        for timing in elastic:
            gates[timing.method] = max(timing.gate_overhead, gates.get(timing.method, 0.0))
            speedup.setdefault(str(timing.sequences), {}).setdefault(timing.method, {})[f"{timing.budget:g}"] = timing.speedup
        return {
            "dense": {point.split: point.accuracy for point in points if point.method == DENSE},
            "frontier": [asdict(point) for point in points if point.method != DENSE],
            "decode_speedup": speedup,
            # Of the nested model, where it was timed: gates at every layer cost several times as much.
            "gate_overhead": next(iter(gates.values()), None),
            "gate_overhead_by_method": gates,
            "dense_ci95": {point.split: point.ci95 for point in points if point.method == DENSE},
            "by_family": groups(self.tables, "family"),
            "by_difficulty": groups(self.tables, "difficulty"),
            "layer_use": [{**asdict(cell), "kept": kept} for cell, kept in self.layer_use().items()],
            "timing": [asdict(timing) for timing in self.timings],
            "left_out": list(self.left_out),
            "options": dict(self.options),
        }

    def layer_use(self) -> dict[Cell, list[float]]:
        """Share of the problems that run each layer, where a problem has one mask and the model is as deep as the dense one."""
        found = {}
        for cell, table in self.tables.items():
            if cell.method in METHODS and cell.method != "smaller_dense" and (table["mask"] != "").all():
                counts = table["mask"].value_counts()
                kept = [0.0] * self.cost.layers
                for mask, count in counts.items():
                    for layer, flag in enumerate(mask_bits(str(mask), self.cost.layers, self.cost.groups)[0]):
                        kept[layer] += flag * int(count) / len(table)
                found[cell] = kept
        return found

    def write(self, folder: Path) -> None:
        """Write the document, the tables and the page; existing ones are replaced."""
        import pandas as pd

        from cloudsim.atomic_file import replace_text
        from cloudsim.l2a.evaluation.page import write_page
        from cloudsim.l2a.evaluation.records import write
        from cloudsim.l2a.evaluation.shown import result_tables
        from cloudsim.report.markdown import markdown_table

        folder.mkdir(parents=True, exist_ok=True)
        named = [table.assign(method=cell.method, budget=cell.budget, split=cell.split) for cell, table in self.tables.items()]
        write(pd.concat(named, ignore_index=True), folder / RECORDS)
        rows = [{**asdict(point), **_ends(point)} for point in self.points]
        replace_text(folder / FRONTIER, pd.DataFrame(rows).drop(columns=["ci95", "difference_ci95"]).to_csv(index=False))
        replace_text(folder / TABLES, "\n".join(map(markdown_table, result_tables(self))))
        replace_text(folder / DOCUMENT, json.dumps(self.document(), indent=1) + "\n")
        write_page(folder / PAGE, self)


def _ends(point: Point) -> dict[str, float]:
    (low, high), (less, more) = point.ci95, point.difference_ci95
    return {"ci95_low": low, "ci95_high": high, "difference_ci95_low": less, "difference_ci95_high": more}
