"""The examples of docs/traces.md run as they stand there."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from traces.blocks import joined
from traces.reading.reader import ReadOptions
from traces.reading.registry import known_readers
from traces.reading.trace import read_trace

PAGE = Path(__file__).resolve().parents[2] / "docs" / "traces.md"


@pytest.fixture
def my_sources(tmp_path, monkeypatch):
    """The two Python blocks of the page, saved where the page says and importable from there."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    (tmp_path / "my_sources.py").write_text("\n".join(blocks))
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("my_sources", None)


def test_the_documented_traffic_is_used_by_its_target(my_sources):
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    written = re.search(r"```yaml\n(_target_: my_sources.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    table = joined(instantiate(OmegaConf.create(written[1])).requests(9.0, np.random.default_rng(0)))

    assert table.arrival_s.tolist() == [0, 2, 4, 6, 8]
    assert set(table.input_tokens) == {500}
    assert set(table.output_tokens) == {100}


def test_the_documented_clients_and_conversations_make_traffic(preset):
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    page = PAGE.read_text(encoding="utf-8")
    clients = re.search(r"```yaml\n(_target_: traces.generators.clients.*?)```", page, re.DOTALL)
    table = joined(instantiate(OmegaConf.create(clients[1])).requests(600.0, np.random.default_rng(0)))
    assert set(table.more["tier"].to_pylist()) == {"free", "standard"}
    talks = re.search(r"```yaml\n(conversations:.*?)```", page, re.DOTALL)
    traffic = preset("traffic", "poisson")
    made = type(traffic)(**traffic.model_dump() | yaml.safe_load(talks[1]))
    assert "prefix_blocks" in joined(made.requests(60.0, np.random.default_rng(0))).more


def test_the_documented_spot_market_is_used_by_its_target(my_sources):
    from hydra.utils import instantiate

    options = {"_target_": "my_sources.OneLoss", "zone": "us-east-1a", "region": "us-east-1", "price_usd_per_h": 1.0}
    trace = instantiate(options).spot(100.0, np.random.default_rng(0))

    assert trace.zones[0].capacity.tolist() == [4, 2]
    assert trace.zones[0].time_s.tolist() == [0, 50]


@pytest.mark.parametrize("group", ["traffic", "spot"])
def test_the_page_names_every_preset(group):
    page = PAGE.read_text(encoding="utf-8")
    for path in (PAGE.parents[1] / "experiments" / group).glob("*.yaml"):
        assert f"`{group}={path.stem}`" in page


def test_the_page_names_every_format():
    listed = PAGE.read_text(encoding="utf-8").partition("### Formats")[2].partition("A map of columns")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", listed, re.MULTILINE)) == set(known_readers())


def test_the_documented_map_of_columns_reads_a_file(tmp_path):
    written = re.search(r"```yaml\n(kind: .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "mine.csv").write_text("when;prompt;answer\n500;7;3\n2500;8;4\n")
    table = read_trace(tmp_path / "mine.csv", "columns", ReadOptions(columns=yaml.safe_load(written[1]))).table

    assert table.to_pydict() == {"arrival_s": [0.5, 2.5], "input_tokens": [7, 8], "output_tokens": [3, 4]}
