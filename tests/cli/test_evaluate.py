import json

import pytest

from cloudsim.cli import main
from tests.l2a.optional import needs

SMALL = ["problems=4", "processes=1", "timing=null", "methods=[static]", "baseline_budgets=[0.6]", "splits=[id]"]


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    needs("torch", "model")
    from cloudsim.l2a.base import build_base

    folder = tmp_path_factory.mktemp("models")
    build_base(layers=3, hidden=32, heads=4, groups=2).save_pretrained(folder / "dense")
    return folder


def test_json_is_one_document_and_nothing_else_on_standard_output(dense, tmp_path, capsys):
    assert main(["evaluate", *SMALL, f"checkpoint={dense}", f"output_dir={tmp_path / 'out'}", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(row["method"], row["budget"]) for row in document["frontier"]] == [("static", 0.6)]
    assert document["decode_speedup"] == {}
    assert (tmp_path / "out" / "evaluation.html").is_file()


def test_tables_name_the_methods_and_what_was_left_out(dense, tmp_path, capsys):
    words = [*SMALL[:3], "methods=[static,l2a_nested]", *SMALL[4:]]
    assert main(["evaluate", *words, f"checkpoint={dense}", f"output_dir={tmp_path / 'out'}"]) == 0
    shown = capsys.readouterr().out
    assert "static" in shown
    assert "left out: l2a_nested" in shown
    assert "train +recipe=" in shown


def test_a_user_s_mistakes_end_with_exit_code_2_and_nothing_written(tmp_path, capsys):
    assert main(["evaluate", "problems=none", "budgets=[2]", f"output_dir={tmp_path / 'out'}"]) == 2
    shown = capsys.readouterr().err
    assert "problems" in shown
    assert "budgets" in shown
    assert main(["evaluate", f"checkpoint={tmp_path / 'nowhere'}", f"output_dir={tmp_path / 'out'}", "--json"]) == 2
    assert "no such folder" in json.loads(capsys.readouterr().out)["problems"][0]
    assert not (tmp_path / "out").exists()
