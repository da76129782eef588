"""`python -m cloudsim policies`: lists what can be chosen, the user's own included, and checks it."""

import json

import pytest

from cloudsim.cli import main
from cloudsim.composition.components import POLICIES

OWN = """
class Half:
    '''Half of the compute, always.

    More text.
    '''

    source = "a test"
    observes = ()

    def budget(self, request, replica, fleet):
        return 0.5


class Broken(Half):
    def budget(self, request, replica, fleet):
        return request.tier * 0.5
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_policies_for_a_test.py").write_text(OWN)
    (tmp_path / "conf" / "budget").mkdir(parents=True)
    for name in ("half", "broken", "absent"):
        (tmp_path / "conf" / "budget" / f"{name}.yaml").write_text(f"_target_: own_policies_for_a_test.{name.capitalize()}\n")
    (tmp_path / "conf" / "budget" / "empty.yaml").write_text("share: 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "conf"


def listed(capsys, *arguments):
    assert main(["policies", "list", "--json", *map(str, arguments)]) == 0
    return json.loads(capsys.readouterr().out)


def test_all_policies_are_listed_with_kind_and_source(capsys):
    found = listed(capsys)
    assert {one["kind"] for one in found} == set(POLICIES)
    assert all(one["source"] and one["rule"] and one["problem"] is None for one in found)
    assert {"l2a_calibrated", "full", "fixed"} <= {one["name"] for one in found if one["kind"] == "budget"}


def test_own_policies_are_listed_and_what_is_wrong_with_them(own, capsys):
    found = {one["name"]: one for one in listed(capsys, "budget", "--config-dir", own)}
    assert (found["half"]["rule"], found["half"]["source"]) == ("Half of the compute, always.", "a test")
    assert found["half"]["class"] == "own_policies_for_a_test.Half"
    assert "has no 'Absent'" in found["absent"]["problem"]
    assert "has no _target_" in found["empty"]["problem"]


def test_the_table_names_every_policy(capsys):
    assert main(["policies", "list", "budget", "notice"]) == 0
    shown = capsys.readouterr().out
    assert "l2a_calibrated" in shown
    assert "Kuhn-Munkres" in shown


def test_a_check_tells_what_is_wrong_and_how_long_it_takes(own, capsys):
    assert main(["policies", "check", "budget", "half", "broken", "--config-dir", str(own), "--json"]) == 1
    half, broken = json.loads(capsys.readouterr().out)
    assert half["problems"] == []
    assert half["decision_us"] > 0
    assert any("budget gave 0.0; accepted: a number in (0, 1]" in problem for problem in broken["problems"])
    assert broken["decision_us"] is None
    assert main(["policies", "check", "budget", "half", "--config-dir", str(own)]) == 0


@pytest.mark.parametrize(("arguments", "said"), [
    (["list", "rooting"], "no kind 'rooting' of policies; did you mean routing?"),
    (["check", "budget", "fulll"], "budget: no 'fulll'; did you mean full?"),
    (["list", "--config-dir", "nowhere"], "nowhere: no such folder"),
])  # fmt: skip
def test_mistakes_are_told_with_the_way_out(arguments, said, capsys):
    assert main(["policies", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_an_installed_package_adds_its_policies(tmp_path, monkeypatch, capsys):
    package = tmp_path / "acme_policies_for_a_test"
    (package / "conf" / "budget").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "conf" / "__init__.py").write_text("")
    (package / "lean.py").write_text(OWN)
    (package / "conf" / "budget" / "acme_half.yaml").write_text("_target_: acme_policies_for_a_test.lean.Half\n")
    made = tmp_path / "acme-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (made / "entry_points.txt").write_text("[cloudsim.config]\nacme = acme_policies_for_a_test.conf\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "acme_half" in {one["name"] for one in listed(capsys, "budget")}
    words = ["+experiment=spot_preemption", "budget@contenders.l2a.budget=acme_half", "duration_s=60", "seeds=1", "workers=1"]
    assert main(["run", *words, f"output_dir={tmp_path / 'run'}", "json=true"]) == 0
    assert json.loads(capsys.readouterr().out)["contenders"]["l2a"]["budget_mean"]["mean"] == pytest.approx(0.67)  # the leanest level
