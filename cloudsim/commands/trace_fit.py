"""`traces fit`: a generator made like a trace, and how like it is."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.atomic_file import replace_text
from cloudsim.commands import trace_making as making

if TYPE_CHECKING:
    from traces.fitting.fit import Fit
    from traces.fitting.likeness import Interval


def add_parser(actions: Any) -> None:
    """The action, below `traces`."""
    fitted = actions.add_parser("fit", help="a generator made like a trace: a specification for `traces generate`, and how like it is")
    fitted.add_argument("file", metavar="FILE", help="requests or spot capacities of any known format")
    fitted.add_argument("out", metavar="OUT.yaml", type=Path, help="file to write; it must not exist")
    fitted.add_argument("--price", type=float, metavar="USD", help="an instance's price an hour, for a market without prices")
    making.add_reading(fitted)


def fitted(parsed: Namespace) -> dict[str, Any]:
    """Fit, write the specification and print the report."""
    from cloudsim.commands.reading_progress import work_bar
    from traces.fitting.fit import fit

    making.check_out(parsed.out)
    with making.reading_of(parsed, parsed.file) as reading, work_bar("fitting what it makes") as moved:
        found = fit(reading, parsed.file, parsed.price, moved)
    replace_text(parsed.out, _yaml(found, parsed.file))
    if not parsed.json:
        _print(found, parsed.out)
    return {
        "file": str(parsed.out),
        "spec": found.spec,
        "parameters": {name: _document(one, "ci95") for name, one in found.likeness.parameters.items()},
        "statistics": {name: _document(one, "made") for name, one in found.likeness.statistics.items()},
        "distances": found.distances,
        "remarks": list(found.remarks),
    }


def _yaml(found: "Fit", stated: str) -> str:
    import yaml

    told = "".join(f"# Mind: {remark}.\n" for remark in found.remarks)
    return f"# Fitted to {stated} by `traces fit`; if you change a number, change origin with it.\n{told}" + yaml.safe_dump(
        found.spec, sort_keys=False, allow_unicode=True, width=140, default_flow_style=None
    )


def _document(one: "Interval", name: str) -> dict[str, Any]:
    return {"value": one.value, name: [one.low, one.high] if one.low is not None else None}


def _print(found: "Fit", out: Path) -> None:
    from cloudsim.commands.tables import print_table, simple_table, table_console

    console = table_console()
    parameters = simple_table("fitted", ("parameter", "value", "95 % interval"), 1)
    for name, one in found.likeness.parameters.items():
        parameters.add_row(name, f"{one.value:.4g}", _range(one))
    print_table(console, parameters)
    statistics = simple_table("what it makes", ("statistic", "trace", "generated, lowest to highest", ""), 1)
    for name, one in found.likeness.statistics.items():
        outside = one.low is not None and one.high is not None and not one.low <= one.value <= one.high
        statistics.add_row(name, f"{one.value:.4g}", _range(one), "outside" if outside else "")
    print_table(console, statistics)
    for name, apart in found.distances.items():
        print(f"{name}: Kolmogorov-Smirnov distance {apart:.3f}")
    for remark in found.remarks:
        print(remark)
    group = "traffic" if "zones" not in found.spec else "spot"
    print(f"{out}: as conf/{group}/{out.name} it is a choice of a run: --config-dir conf {group}={out.stem}")


def _range(one: "Interval") -> str:
    return f"{one.low:.4g} to {one.high:.4g}" if one.low is not None and one.high is not None else "–"
