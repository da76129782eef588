"""Where data files are looked for, and what is said when one is not there."""

import hashlib

import numpy as np
import pytest

from traces.blocks import joined
from traces.errors import TraceError
from traces.files import data_folder, data_path, sha256


def test_the_folder_is_the_variable_else_the_default(monkeypatch, tmp_path):
    monkeypatch.delenv("CLOUDSIM_DATA", raising=False)
    assert data_folder().as_posix() == "../shared/data"
    monkeypatch.setenv("CLOUDSIM_DATA", str(tmp_path))
    assert data_folder() == tmp_path


def test_a_file_is_found_below_the_folder_or_by_its_absolute_path(monkeypatch, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "x.csv").write_bytes(b"abc")
    monkeypatch.setenv("CLOUDSIM_DATA", str(tmp_path))

    assert data_path("set/x.csv") == data_path(str(tmp_path / "set/x.csv")) == tmp_path / "set/x.csv"
    assert sha256(data_path("set/x.csv")) == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    ("group", "name", "words"),
    [
        ("traffic", "azure_conv_2023", ["AzureLLMInferenceTrace_conv.csv", "CC-BY-4.0", "Azure/AzurePublicDataset"]),
        ("traffic", "azure_code_2023", ["AzureLLMInferenceTrace_code.csv", "CC-BY-4.0", "Azure/AzurePublicDataset"]),
        ("spot", "skynomad_v100", ["skynomad_v100", "Apache-2.0", "NSDI '27", "SkyNomad: On Using Multi-Region Spot Instances"]),
    ],
)
def test_a_missing_data_set_says_which_from_where_and_how(preset, monkeypatch, tmp_path, group, name, words):
    monkeypatch.setenv("CLOUDSIM_DATA", str(tmp_path / "nowhere"))
    source = preset(group, name)
    rng = np.random.default_rng(0)
    with pytest.raises(TraceError) as error:
        joined(source.requests(600.0, rng)) if group == "traffic" else source.spot(600.0, rng)
    for word in [*words, str(tmp_path / "nowhere"), "CLOUDSIM_DATA=/path/to/data"]:
        assert word in str(error.value)


def test_a_missing_file_of_the_user_is_not_taken_for_a_published_one(monkeypatch, tmp_path):
    monkeypatch.delenv("CLOUDSIM_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TraceError) as error:
        data_path("mine/a.csv")
    assert "mine/a.csv" in str(error.value)
    assert "CLOUDSIM_DATA is not set" in str(error.value)
    assert "to be had from" not in str(error.value)
