import json

import pytest

from cloudsim.cli import main
from cloudsim.results import load

NOISY = "+contenders.l2a.routing={_target_: tests.cli.policies.Noisy}"


def test_a_run_prints_its_verdict_and_leaves_a_whole_folder(small, tmp_path, capsys):
    assert main(["run", *small, "seeds=2", f"output_dir={tmp_path / 'run'}"]) == 0
    shown = capsys.readouterr()
    for word in ("l2a", "static_dense", "in SLA, premium, %", "TTFT p99, s", "±", "difference to l2a", str(tmp_path / "run/report.html")):
        assert word in shown.out
    assert "4/4 static_dense, seed 1:" in shown.err
    run = load(tmp_path / "run")
    assert run.manifest["contenders"] == ["l2a", "static_dense"]
    assert run.config["duration_s"] == 20
    assert run.config["contenders"]["l2a"]["pools"]["large"]["model"] == "qwen3-4b"
    assert len(run.requests) == run.manifest["files"]["requests.parquet"]["rows"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("word", ["--json", "json=true"])
def test_json_is_one_document_whatever_a_policy_prints(small, tmp_path, capfd, word, workers):
    assert main(["run", *small, NOISY, f"workers={workers}", f"output_dir={tmp_path / 'run'}", word]) == 0
    shown = capfd.readouterr()
    document = json.loads(shown.out)
    assert document == {"run": str(tmp_path / "run"), **load(tmp_path / "run").summary}
    assert "a policy prints this" in shown.err


def test_a_run_that_fails_is_exit_code_1_with_a_message_and_leaves_nothing(small, tmp_path, capsys):
    code = main(["run", *small, "+contenders.l2a.routing={_target_: tests.cli.policies.Broken}", f"output_dir={tmp_path / 'run'}"])
    shown = capsys.readouterr()
    assert code == 1
    assert shown.err.splitlines()[0].startswith("l2a: routing Broken failed on request 0 at 0.")
    assert "(this policy cannot route; policies.py, line " in shown.err
    assert "Traceback" not in shown.err
    assert not list(tmp_path.iterdir())


def test_a_bug_in_a_policy_is_shown_with_its_line(small, tmp_path, capsys):
    routing = "+contenders.l2a.routing={_target_: tests.cli.policies.Buggy}"
    assert main(["run", *small, routing, "workers=2", f"output_dir={tmp_path / 'run'}"]) == 1
    shown = capsys.readouterr().err
    assert "l2a: routing Buggy failed on request 0" in shown
    assert "ZeroDivisionError" in shown
    assert "fleet.ready[1 // self.divisor - 1]" in shown
    assert not list(tmp_path.iterdir())


def test_policies_are_replaced_by_group_by_key_and_by_target(small, tmp_path, monkeypatch):
    words = ["budget@contenders.l2a.budget=fixed", "contenders.l2a.budget.budget=0.7", "family=llama3", "provider=no_notice"]
    # A folder of the user's own, outside of the repository: a policy and an entry for it.
    (tmp_path / "own/routing").mkdir(parents=True)
    (tmp_path / "own/last_policy.py").write_text(
        "class Last:\n    def __init__(self, places):\n        self.places = places\n\n"
        "    def route(self, request, fleet):\n        return fleet.ready[-self.places]\n"
    )
    (tmp_path / "own/routing/last.yaml").write_text("_target_: last_policy.Last\nplaces: 1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "own"))
    words += ["--config-dir", str(tmp_path / "own"), "routing@contenders.static_dense.routing=last"]
    assert main(["run", *small, *words, f"output_dir={tmp_path / 'run'}"]) == 0
    run = load(tmp_path / "run")
    assert run.config["contenders"]["l2a"]["budget"] == {"_target_": "policies.budget.fixed.Fixed", "budget": 0.7}
    assert run.config["contenders"]["static_dense"]["routing"] == {"_target_": "last_policy.Last", "places": 1}
    assert run.requests.query("contender == 'static_dense' and node >= 0")["node"].nunique() == 1
    assert run.config["provider"]["notice_s"] == 0
    assert set(run.nodes["model"]) == {"llama-3-8b"}


def test_report_is_made_again_and_names_its_file(small, tmp_path, capsys):
    folder = tmp_path / "run"
    assert main(["run", *small, f"output_dir={folder}"]) == 0
    first = (folder / "report.html").read_bytes()
    capsys.readouterr()
    (folder / "report.html").unlink()
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'report.html'}\n"
    assert (folder / "report.html").read_bytes() == first
    assert main(["report", str(folder), "-o", str(tmp_path / "page.html"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"reports": [str(tmp_path / "page.html")]}


def test_report_tells_every_folder_that_cannot_be_read(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["report", str(tmp_path / "empty"), str(tmp_path / "none"), "--json"]) == 2
    shown = capsys.readouterr()
    assert f"{tmp_path / 'none'}: no such folder" in shown.err
    assert f"{tmp_path / 'empty'}: no manifest.json" in shown.err
    assert len(json.loads(shown.out)["problems"]) == 2
    with pytest.raises(SystemExit) as stop:
        main(["report", "a", "b", "-o", "page.html"])
    assert stop.value.code == 2
