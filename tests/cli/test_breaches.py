"""A run that goes on in spite of a broken policy says so wherever its results are seen."""

import json

from cloudsim.cli import main


def test_breaches_are_told_on_the_terminal_in_the_manifest_and_in_the_report(small, tmp_path, capsys):
    folder = tmp_path / "run"
    broken = "contenders.l2a.routing._target_=tests.policies.broken.Nowhere"
    assert main(["run", *small, broken, "on_policy_error=fallback", f"output_dir={folder}"]) == 0
    assert "warning: policies broke their contract" in capsys.readouterr().err
    [breach] = json.loads((folder / "manifest.json").read_text())["breaches"]
    assert (breach["contender"], breach["kind"], breach["policy"]) == ("l2a", "routing", "Nowhere")
    assert breach["count"] > 0
    assert "l2a: routing Nowhere, " in (folder / "report.html").read_text()
