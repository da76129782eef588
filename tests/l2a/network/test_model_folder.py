"""Folders that are whole or as they were."""

import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.model_folder import whole_folder


def test_the_name_comes_at_the_end(tmp_path):
    target = tmp_path / "deep" / "model"
    with whole_folder(target) as partial:
        (partial / "config.json").write_text("new")
        assert not target.exists()
    assert (target / "config.json").read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["model"]


def test_a_failure_leaves_the_earlier_model(tmp_path):
    with whole_folder(tmp_path / "model") as partial:
        (partial / "config.json").write_text("old")

    def fail():
        with whole_folder(tmp_path / "model") as partial:
            (partial / "config.json").write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (tmp_path / "model" / "config.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("foreign", ["thesis.tex", "photos"])
def test_the_work_of_others_is_not_replaced(tmp_path, foreign):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / foreign).mkdir() if foreign == "photos" else (tmp_path / foreign).write_text("years of work")
    with pytest.raises(ModelError, match=f"holds {foreign}"), whole_folder(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", foreign}


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "model").write_text("x")
    with pytest.raises(ModelError, match="is a file"), whole_folder(tmp_path / "model"):
        pass
