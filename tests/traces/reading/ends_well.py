"""Whether the reading of a file, however damaged, ends in a valid table or in an error that says where."""

import re

import numpy as np

from traces.errors import TraceError
from traces.reading.trace import read_trace

WHERE = re.compile(r"line \d+")
OTHER = re.compile(r"\d+ further problems$|^on_bad_row=")


def ends_well(path, name, options, on_bad_row):
    """ "table" or "error"; anything else raises."""
    try:
        trace = read_trace(path, name, options, on_bad_row)
    except TraceError as error:
        problems = error.problems
    else:
        return _valid(trace)
    vague = [problem for problem in problems if not (WHERE.search(problem) or OTHER.search(problem))]
    assert problems
    assert not vague, vague
    return "error"


def _valid(trace):
    kind, frame = trace.reading.kind, trace.table.to_pandas()
    assert len(frame)
    for column in (column for column in kind.columns if column.numeric and column.name in frame):
        values = frame[column.name].to_numpy(dtype=np.float64)
        assert column.nullable or np.isfinite(values).all()
        assert column.lowest is None or not ((values < column.lowest) | (values > column.highest)).any()
    if kind.time:
        for _, series in frame.groupby(list(kind.groups)) if kind.groups else [((), frame)]:
            step = np.diff(series[kind.time])
            assert (step > 0 if kind.distinct else step >= 0).all()
    return "table"
