"""How fast traces are read and made, and in how much memory; on an otherwise idle machine."""

import json
import subprocess
import sys
from pathlib import Path
from time import process_time

import numpy as np
import pytest
import yaml

from tests.nightly.commands import told
from traces.blocks import joined
from traces.generators.traffic import Traffic

pytestmark = pytest.mark.nightly

READ = """
import json, re, sys, time
import pyarrow.csv, pandera.pandas
from traces.reading.trace import Reading
began = time.process_time()
rows = sum(len(batch) for batch in Reading(sys.argv[1]).batches())
spent_s = time.process_time() - began
most_mib = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps([rows, spent_s, most_mib]))
"""


@pytest.fixture(scope="module")
def week(tmp_path_factory):
    """Writes a file of the form of the Azure trace of 2024, of some rows."""

    def written(rows):
        rng = np.random.default_rng(0)
        path = tmp_path_factory.mktemp("week") / "week.csv"
        times = np.sort(rng.integers(0, 7 * 86_400 * 10**6, rows))
        stamps = np.char.replace((np.datetime64("2024-05-10T00:00:00", "us") + times.astype("timedelta64[us]")).astype(str), "T", " ")
        inputs, outputs = rng.integers(1, 5000, rows).tolist(), rng.integers(1, 900, rows).tolist()
        with path.open("w") as file:
            file.write("TIMESTAMP,ContextTokens,GeneratedTokens\n")
            file.writelines(f"{stamp}+00:00,{i},{o}\n" for stamp, i, o in zip(stamps.tolist(), inputs, outputs, strict=True))
        return path

    return written


def test_a_million_rows_a_second_in_memory_that_does_not_grow(week):
    seen = []
    for rows in (1_000_000, 4_000_000):
        ended = subprocess.run([sys.executable, "-c", READ, str(week(rows))], capture_output=True, text=True, check=True)
        seen.append(json.loads(ended.stdout))
    assert [rows for rows, _, _ in seen] == [1_000_000, 4_000_000]
    assert seen[1][0] / seen[1][1] > 1e6
    assert seen[1][2] < seen[0][2] + 50  # MiB


@pytest.mark.parametrize(
    "path",
    [
        "azure_llm_2023/AzureLLMInferenceTrace_conv.csv", "azure_llm_2023/AzureLLMInferenceTrace_code.csv",
        "mooncake/synthetic_trace.jsonl",
        "skynomad_v100", "bamboo/p3-trace.csv", "bamboo/v100x1-east1c.txt", "parcae/p3.csv", "gcp_gpu_prices/gcp_gpu_price_changes.csv",
        "aws_spot_advisor/spot-advisor-data.json", "goog_preemption/preemptible_vm_lifetimes.csv",
    ],
)  # fmt: skip
def test_a_real_file_is_inspected_in_two_seconds(path):
    document, seconds = told("traces", "inspect", path)
    assert document["rows"] > 0
    assert seconds < 2


@pytest.mark.parametrize("preset", ["azure_conv_like", "azure_code_like", "mooncake_like", "poisson"])
def test_five_million_requests_are_made_a_second(preset):
    spec = yaml.safe_load((Path(__file__).parents[2] / "experiments" / "traffic" / f"{preset}.yaml").read_text())
    traffic = Traffic(**{key: value for key, value in spec.items() if key != "_target_"})
    speeds = []
    for seed in range(3):
        began_s = process_time()
        count = len(joined(traffic.requests(3e6 / traffic.rate_rps, np.random.default_rng(seed))))
        speeds.append(count / (process_time() - began_s))
    assert max(speeds) > 5e6
