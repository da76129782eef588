"""Folders that are whole or as they were."""

from unittest.mock import patch

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


def test_bars_of_transformers_are_shown_for_large_weights_only(tmp_path):
    from transformers.utils import logging

    from cloudsim.l2a import model_folder

    logging.enable_progress_bar()
    (tmp_path / "model.safetensors").write_bytes(b"x" * 100)
    with model_folder.loading(tmp_path):
        assert not logging.is_progress_bar_enabled()
    assert logging.is_progress_bar_enabled()
    with patch.object(model_folder, "SLOW_BYTES", 100), model_folder.loading(tmp_path):
        assert logging.is_progress_bar_enabled()
    with model_folder.loading("somebody/a-model-of-the-hub"):
        assert logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
