"""`traces generate`, `slice`, `rescale` and `compose`: tables made of sources and of other traces; and what they share with others."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traces.errors import TraceError
from traces.reading.bad_row import BadRow

if TYPE_CHECKING:
    from cloudsim.commands.reading_progress import ShownReading
    from traces.transform.stored_trace import StoredTrace

UNITS_S = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
WAYS = {
    "after": "requests of each file after those of the one before",
    "together": "requests of all files at the same time",
    "prices": "capacities of the first file, prices and instance type of the second",
}


def add_parsers(actions: Any) -> None:
    """The four actions, below `traces`."""
    generated = actions.add_parser("generate", help="a table of traffic or of a spot market, made from a specification")
    generated.add_argument("spec", metavar="SPEC", help="a choice of traffic= or spot=, or a YAML file with _target_ and arguments")
    generated.add_argument("out", metavar="OUT", type=Path, help="Parquet file to write; it must not exist")
    generated.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="changes, such as rate_rps=10 gaps.cv=3.0")
    generated.add_argument("--duration", type=seconds, default=3600.0, metavar="TIME", help="such as 90, 30min, 2h or 1d (1h)")
    generated.add_argument("--seed", type=int, default=0, help="of all chance (0)")
    sliced = actions.add_parser("slice", help="a part of a trace: a span of time, some zones, one instance type")
    sliced.add_argument("--start", type=seconds, default=0.0, metavar="TIME", help="such as 90, 30min, 2h or 1d (0)")
    sliced.add_argument("--end", type=seconds, metavar="TIME", help="default: the end of the trace")
    sliced.add_argument("--zones", nargs="+", default=[], metavar="ZONE", help="of a market; default: all")
    sliced.add_argument("--type", metavar="TYPE", help="instance type of a market; default: all")
    rescaled = actions.add_parser("rescale", help="requests at another rate, with the same burstiness; a market with other capacities")
    rescaled.add_argument("--rate", type=float, metavar="FACTOR", help="requests a second, times this")
    rescaled.add_argument("--capacity", type=float, metavar="FACTOR", help="instances of each zone, times this, rounded down")
    composed = actions.add_parser("compose", help="several traces joined into one", epilog="; ".join(f"{k}: {v}" for k, v in WAYS.items()))
    composed.add_argument("how", choices=WAYS, metavar="HOW", help=", ".join(WAYS))
    for one in (sliced, rescaled):
        one.add_argument("file", metavar="FILE", help="a file of any known format")
        one.add_argument("out", metavar="OUT", type=Path, help="Parquet file to write; it must not exist")
    composed.add_argument("out", metavar="OUT", type=Path, help="Parquet file to write; it must not exist")
    composed.add_argument("files", nargs="+", metavar="FILE", help="files of any known format")
    composed.add_argument("--shift", nargs="+", type=seconds, default=[], metavar="TIME", help="together: by how much each file is shifted")
    composed.add_argument("--type", metavar="TYPE", help="prices: which instance type's")
    for one in (sliced, rescaled, composed):
        add_reading(one)


def generated(parsed: Namespace) -> dict[str, Any]:
    """Write the table that a specification describes."""
    from traces.generation import generate

    check_out(parsed.out)
    return _written(parsed, generate(_source(parsed), parsed.duration, parsed.seed))


def _source(parsed: Namespace) -> Any:
    """The source that a specification names, with its changes."""
    from importlib.resources import files

    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from cloudsim.components import create
    from cloudsim.config import Component

    groups = [files("experiments").joinpath(group) for group in ("traffic", "spot")]
    shipped = {entry.name.removesuffix(".yaml"): entry for group in groups for entry in group.iterdir() if entry.name.endswith(".yaml")}
    own = Path(parsed.spec)
    if parsed.spec not in shipped and not own.is_file():
        raise TraceError(f"{parsed.spec} is neither a file nor one of {', '.join(sorted(shipped))}")
    try:
        read = OmegaConf.create(shipped.get(parsed.spec, own).read_text(encoding="utf-8"))
        spec = OmegaConf.merge(read, OmegaConf.from_dotlist(parsed.set)) if OmegaConf.is_dict(read) else read
        content = OmegaConf.to_container(spec, resolve=True)
    except (OSError, UnicodeDecodeError, ValueError, OmegaConfBaseException) as error:
        raise TraceError(f"{parsed.spec}: cannot be read ({' '.join(str(error).split())})") from None
    except YAMLError as error:
        raise TraceError(f"{parsed.spec}: is no YAML ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict) or not isinstance(content.get("_target_"), str):
        raise TraceError(f"{parsed.spec}: expected a map with _target_, the class of the source, and its arguments")
    try:
        component = Component.model_validate(content)
    except ValueError:
        raise TraceError(f"{parsed.spec}: _target_ {content['_target_']!r} is no module.Class") from None
    return create(component, parsed.spec)


def sliced(parsed: Namespace) -> dict[str, Any]:
    """Write a part of a trace."""
    from traces.transform.slicing import cut, keep

    trace = _loaded(parsed, parsed.file, parsed.out)
    if parsed.zones or parsed.type:
        trace = keep(trace, parsed.zones, parsed.type)
    if parsed.start or parsed.end is not None:
        trace = cut(trace, parsed.start, parsed.end)
    return _written(parsed, trace)


def rescaled(parsed: Namespace) -> dict[str, Any]:
    """Write a trace with another rate or other capacities."""
    from traces.transform.scaling import scale_capacity, scale_rate

    if (parsed.rate is None) == (parsed.capacity is None):
        raise TraceError("rescale needs --rate FACTOR for requests or --capacity FACTOR for a market")
    trace = _loaded(parsed, parsed.file, parsed.out)
    return _written(parsed, scale_rate(trace, parsed.rate) if parsed.rate is not None else scale_capacity(trace, parsed.capacity))


def composed(parsed: Namespace) -> dict[str, Any]:
    """Write several traces as one."""
    from traces.transform.joining import concatenate, overlay, shift, superpose

    if parsed.how == "prices" and len(parsed.files) != 2:
        raise TraceError(f"compose prices needs two files, one with capacities and one with prices; found {len(parsed.files)}")
    if parsed.shift and (parsed.how != "together" or len(parsed.shift) != len(parsed.files)):
        raise TraceError(
            f"--shift is for compose together, with one time for each file; found {len(parsed.shift)} for {len(parsed.files)} files"
        )
    traces = [_loaded(parsed, file, parsed.out) for file in parsed.files]
    if parsed.how == "prices":
        return _written(parsed, overlay(traces[0], traces[1], parsed.type))
    if parsed.how == "after":
        return _written(parsed, concatenate(traces))
    shifted = [shift(trace, by_s) if by_s else trace for trace, by_s in zip(traces, parsed.shift or [0.0] * len(traces), strict=True)]
    return _written(parsed, superpose(shifted))


def seconds(text: str) -> float:
    """A time such as 90, 30min, 2h or 1d, in seconds."""
    match = re.fullmatch(r"(-?\d+(?:\.\d*)?)\s*(s|min|h|d|)", text)
    if not match:
        raise ArgumentTypeError(f"{text!r} is no time; accepted are 90, 90s, 30min, 2h, 1d")
    return float(match[1]) * UNITS_S[match[2]]


def check_out(out: Path) -> None:
    """Raise `TraceError` unless a file can be written under this name."""
    if out.exists():
        raise TraceError(f"{out} exists already; remove it first or choose another name")
    check_folder(out)


def check_folder(out: Path, option: str = "") -> None:
    """Raise `TraceError` unless the folder of a file that is to be written is there; `option` names the file."""
    if not out.absolute().parent.is_dir():
        raise TraceError(f"{option}{out}: there is no folder {out.parent}; make it first")


def _loaded(parsed: Namespace, file: str, out: Path) -> "StoredTrace":
    from traces.transform.stored_trace import load

    check_out(out)
    with reading_of(parsed, file) as reading:
        return load(reading, file)


def _written(parsed: Namespace, trace: "StoredTrace") -> dict[str, Any]:
    trace.write(parsed.out)
    if not parsed.json:
        print(f"{parsed.out}: {len(trace.table):,} rows of {trace.about.kind}")
        for step in trace.about.conversion:
            print(f"  {step}")
    return {"file": str(parsed.out), "rows": len(trace.table), "kind": trace.about.kind, "conversion": trace.about.conversion}


def add_reading(parser: ArgumentParser) -> None:
    """The options of everything that reads a file of any format."""
    parser.add_argument("--format", metavar="NAME", help="of the file; found by its content where it is left out")
    parser.add_argument("--columns", type=Path, metavar="MAP.yaml", help="map of columns, for format columns")
    parser.add_argument("--zone", help="name of the zone, where the file names none")
    parser.add_argument("--instance-type", metavar="TYPE", help="of the instances, where the file does not say")
    parser.add_argument("--ones-are", choices=("up", "preempted"), help="what 1 means, where the file does not say")
    parser.add_argument("--on-bad-row", choices=[str(way) for way in BadRow], default="error", help="error, skip or clip (error)")


def reading_of(parsed: Namespace, stated: str) -> "ShownReading":
    """The reading of a file as the options ask for it, as a context that shows how far it is."""
    import yaml

    from cloudsim.commands.reading_progress import ShownReading
    from traces.files import data_path
    from traces.reading.reader import ReadOptions

    columns = None
    if parsed.columns is not None:
        try:
            columns = yaml.safe_load(parsed.columns.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise TraceError(f"{parsed.columns}: cannot be read ({' '.join(str(error).split())})") from None
        if not isinstance(columns, dict):
            raise TraceError(f"{parsed.columns}: expected a map with kind and columns; docs/traces.md shows one")
    options = ReadOptions(parsed.zone, parsed.instance_type, parsed.ones_are, columns)
    path = Path(stated) if Path(stated).exists() else data_path(stated)
    return ShownReading(path, parsed.format or ("columns" if columns else None), options, BadRow(parsed.on_bad_row))
