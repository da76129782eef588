"""The main experiment on ten million requests of a file, in a gigabyte."""

import json
import subprocess
import sys

import pytest

from tests.nightly.commands import told

pytestmark = pytest.mark.nightly

REQUESTS = 10_000_000
RATE_RPS, SCALE = 5.53, 4.0
RUN = """
import re, sys
from cloudsim.cli import main
code = main(["run", *sys.argv[1:], "--json"])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(code)
"""


def test_ten_million_requests_are_replayed_within_a_gigabyte(tmp_path):
    """All contenders, one after the other in one process, with tables, summary and report."""
    trace, folder = tmp_path / "ten_million.parquet", tmp_path / "run"
    span_s = REQUESTS * 1.005 / RATE_RPS
    assert told("traces", "generate", "azure_conv_like", str(trace), "--duration", f"{span_s:.0f}")[0]["rows"] >= REQUESTS
    words = [
        "+experiment=spot_preemption", "traffic=azure_conv_2023", f"traffic.file={trace}", "traffic.format=null",
        f"duration_s={REQUESTS / RATE_RPS / SCALE:.0f}", "timeline_interval_s=600", "seeds=1", "workers=1", f"output_dir={folder}",
    ]  # fmt: skip
    ended = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    contenders = json.loads(ended.stdout)["contenders"]
    assert len(contenders) == 5
    for metrics in contenders.values():
        arrived = metrics["arrived"]["mean"]
        assert arrived == pytest.approx(REQUESTS, rel=0.01)
        assert arrived == sum(metrics[status]["mean"] for status in ("completed", "rejected", "lost", "unfinished"))
    assert (folder / "report.html").is_file()
    assert int(ended.stderr.split()[-1]) * 1024 < 1e9
