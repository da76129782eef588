import json
import subprocess
import sys

import pytest

from cloudsim import __version__
from cloudsim.cli import COMMANDS, main

HEAVY = ("hydra", "numpy", "pandas", "plotly", "pyarrow", "pydantic", "rich", "scipy", "simpy", "torch", "transformers")


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)])
def test_help_imports_nothing_that_takes_time(words):
    code = (
        "import json, sys\nfrom cloudsim.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit as stop:\n    assert not stop.code\n"
        f"sys.stderr.write(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr) == []
    assert done.stdout


def test_the_program_is_run_as_a_module():
    done = subprocess.run([sys.executable, "-m", "cloudsim", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"cloudsim {__version__}\n"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)


def test_help_of_run_names_experiments_groups_and_choices(capsys):
    assert main(["run", "--help"]) == 0
    shown = capsys.readouterr().out
    for word in ("spot_preemption", "llama3", "no_notice", "azure_conv_like", "--config-dir", "-m"):
        assert word in shown


@pytest.mark.parametrize("words", [[], ["rnu"], ["run", "--jsn"], ["report"]])
def test_wrong_usage_is_exit_code_2_and_says_what_is_accepted(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    shown = capsys.readouterr()
    assert "usage" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("subject", ["latency", "l2a"])
def test_help_of_what_is_profiled_names_its_keys(subject, capsys):
    assert main(["profile", subject, "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(key in shown for key in ("model", "gpu", "decode", "checkpoint", "python -m cloudsim profile latency"))
