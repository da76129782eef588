"""What every shipped source promises, whichever it is: the contract, determinism in any process, and tables in order."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from traces.blocks import joined
from traces.changes import change_points
from traces.tables import RequestTrace, SpotTrace

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
NEED_DATA = {"azure_conv_2023", "azure_code_2023", "skynomad_v100"}
PRESETS = [(group, path.stem) for group in ("traffic", "spot") for path in sorted((EXPERIMENTS / group).glob("*.yaml"))]
FINGERPRINT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_trace_sources import fingerprint
from hydra.utils import instantiate
from omegaconf import OmegaConf
for file in sys.argv[2:]:
    group = Path(file).parent.name
    print(fingerprint(group, instantiate(OmegaConf.load(file))))
"""


def fingerprint(group, source, seed=5):
    """Digest of the table a source makes."""
    digest = hashlib.sha256()
    rng = np.random.default_rng(seed)
    for part in [joined(source.requests(3000.0, rng))] if group == "traffic" else source.spot(3000.0, rng).zones:
        for name in ("arrival_s", "input_tokens", "output_tokens", "time_s", "capacity", "price_usd_per_h"):
            if hasattr(part, name):
                digest.update(getattr(part, name).tobytes())
    return digest.hexdigest()


def test_presets_are_found():
    assert {name for _, name in PRESETS} >= {*NEED_DATA, "azure_conv_like", "poisson", "aws_v100_like", "calm", "storm"}


@pytest.mark.parametrize(("group", "name"), PRESETS)
def test_a_preset_makes_a_table_in_order(group, name, preset, request):
    if name in NEED_DATA:
        request.getfixturevalue("data_folder")
    source = preset(group, name)
    rng = np.random.default_rng(0)
    if group == "traffic":
        table = joined(source.requests(1800.0, rng))
        assert isinstance(table.check(), RequestTrace)
        assert (table.arrival_s < 1800).all()
        assert {column.dtype for column in (table.input_tokens, table.output_tokens)} == {np.dtype(np.int64)}
    else:
        table = source.spot(1800.0, rng)
        assert isinstance(table.check(), SpotTrace)
        assert table.span_s == 1800
        assert all((series.time_s < 1800).all() and series.capacity.dtype == np.int64 for series in table.zones)
    assert table.sources
    assert all(made_from.name and made_from.origin for made_from in table.sources)


def test_two_processes_make_the_same_bytes(preset):
    generated = [(group, name) for group, name in PRESETS if name not in NEED_DATA]
    files = [str(EXPERIMENTS / group / f"{name}.yaml") for group, name in generated]
    command = [sys.executable, "-c", FINGERPRINT, str(Path(__file__).parent), *files]
    outputs = [
        subprocess.run(
            command, cwd=EXPERIMENTS.parent, env={**os.environ, "PYTHONHASHSEED": salt}, capture_output=True, text=True, check=True
        ).stdout.split()
        for salt in ("1", "2")
    ]

    assert outputs[0] == outputs[1] == [fingerprint(group, preset(group, name)) for group, name in generated]
    assert len(set(outputs[0])) == len(generated)


def test_change_points_keep_only_what_changes():
    series = change_points(
        "z",
        "r",
        np.array([-5.0, 2.0, 4.0, 9.0]),
        np.array([1, 1, 0, 2]),
        np.array([0.0, 3.0, 4.0]),
        np.array([1.0, 2.0, 2.0]),
        9.0,
    )

    assert series.time_s.tolist() == [0, 3, 4]
    assert series.capacity.tolist() == [1, 1, 0]
    assert series.price_usd_per_h.tolist() == [1, 2, 2]


def test_importing_the_sources_loads_no_heavy_library():
    code = (
        "import sys, traces.replay.traffic, traces.replay.market, traces.generators.traffic, traces.generators.zones;"
        "print(*({'pandas', 'pyarrow', 'scipy', 'torch', 'plotly', 'cloudsim', 'policies'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=EXPERIMENTS.parent, capture_output=True, text=True, check=True)

    assert result.stdout.split() == []
