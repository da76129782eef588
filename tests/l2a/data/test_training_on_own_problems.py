"""Trainings on a user's problems and on a model's own text, through the command line."""

import json
import re
from pathlib import Path

import pytest
from safetensors.torch import load_file

from cloudsim.cli import main
from tests.l2a.data.conftest import chat_model
from tests.l2a.data.test_written_mixture import write
from tests.l2a.optional import needs

torch = needs("torch", "model")
needs("peft", "model")

PAGE = Path(__file__).parents[3] / "docs/training.md"
BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```\n", re.DOTALL)
SMALL = ("processes=1", "loop.bf16=false", "loop.compiled=false", "loop.log_every=1", "mixture.rows=4")
SELF_TEXT = "problems={_target_: cloudsim.l2a.data.self_text_mixture.from_base_model, texts: 40, new_tokens: 4}"


def train(folder, *words, recipe="nested") -> int:
    return main(["train", f"+recipe={recipe}", *SMALL, "mixture.problems=4", f"output_dir={folder}", *words])


def base(folder) -> str:
    return f"base.path={folder}"


def from_files(path) -> str:
    return f"problems={{_target_: cloudsim.l2a.data.written_mixture.from_files, path: {path}}}"


def test_the_example_of_the_documentation(tmp_path, monkeypatch, capsys):
    from transformers import AutoTokenizer

    from cloudsim.l2a.network import L2AForCausalLM

    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index("## Your own problems") : text.index("## SmolLM2")]
    commands = []
    for block in BLOCK.finditer(section):
        if block["file"]:
            Path(block["file"]).parent.mkdir(exist_ok=True)
            Path(block["file"]).write_text(block["text"], encoding="utf-8")
        else:
            commands += block["text"].splitlines()
    chat_model(Path("my_model"))
    (command,) = commands
    program, words = command.split()[:3], command.split()[3:]
    assert program == ["python", "-m", "cloudsim"]
    # As it stands there, but for its length.
    assert main([*words, "stages.retrofit.steps=2", *SMALL[:3]]) == 0
    shown = capsys.readouterr().out
    assert "trained on: mine.jsonl: " in shown
    assert "problems, " in shown
    model = L2AForCausalLM.from_pretrained("runs/mine/model")
    assert model.config.base["vocab_size"] == 272
    assert len(model.config.depth_map) > 10
    assert AutoTokenizer.from_pretrained("runs/mine/model").decode([10]) == AutoTokenizer.from_pretrained("my_model").decode([10])


def test_all_mistakes_are_told_before_anything_is_written(chat_folder, tmp_path, capsys):
    words = [base(chat_folder), "loop.clip=0", from_files(tmp_path / "none.jsonl").replace("}", ", longst_tokens: 9}")]
    assert train(tmp_path / "run", *words) == 2
    told = capsys.readouterr().err
    for word in (
        "loop.clip: found 0",
        "problems.path: there is no file",
        "problems.longst_tokens: unknown key; did you mean longest_tokens?",
    ):
        assert word in told
    path = write(tmp_path / "mine.jsonl", 20)
    with open(path, "a") as file:
        file.write("nonsense\n{}\n")
    assert train(tmp_path / "run", base(chat_folder), from_files(path)) == 2
    told = capsys.readouterr().err
    assert f"problems: {path}:21: not JSON" in told
    assert f"problems: {path}:22: question: the key is missing" in told
    assert not (tmp_path / "run").exists()


def parameters(folder):
    return load_file(folder / "model/model.safetensors")


def test_a_training_goes_on_to_the_same_model_but_not_with_other_rows(chat_folder, tmp_path, capsys):
    path, words = write(tmp_path / "mine.jsonl", 40), ("stages.retrofit.steps=3", "loop.checkpoint_every=1")
    words = (base(chat_folder), from_files(path), *words)
    assert train(tmp_path / "whole", *words) == 0
    assert train(tmp_path / "parts", *words) == 0
    # As a kill after the second step leaves it.
    for name in ("model", "retrofit/step-0000003"):
        for file in (tmp_path / "parts" / name).iterdir():
            file.unlink()
        (tmp_path / "parts" / name).rmdir()
    manifest = tmp_path / "parts/manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"status": "running"}))
    rows = (tmp_path / "mine.jsonl").read_text()
    (tmp_path / "mine.jsonl").write_text(rows.replace("= 5\\n#### 5", "= 6\\n#### 6"))
    capsys.readouterr()
    assert train(tmp_path / "parts", *words) == 2
    told = capsys.readouterr().err
    assert "output_dir: the training there drew other problems" in told
    assert re.search(r"stages.retrofit.problems: mine.jsonl: .*\(sha256 \w+\) there, mine.jsonl: .* now", told)
    (tmp_path / "mine.jsonl").write_text(rows)
    assert train(tmp_path / "parts", *words) == 0
    ours, theirs = parameters(tmp_path / "whole"), parameters(tmp_path / "parts")
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert (tmp_path / "whole/retrofit/log.jsonl").read_bytes() == (tmp_path / "parts/retrofit/log.jsonl").read_bytes()


def test_a_stage_may_have_problems_of_its_own(chat_folder, tmp_path):
    path, other = write(tmp_path / "mine.jsonl", 40), write(tmp_path / "other.jsonl", 30, first=100)
    pretraining = "{_target_: cloudsim.l2a.training.pretraining.Pretraining, steps: 1}"
    words = ["~stages.retrofit", f"+stages.first={pretraining}", f"+stages.second={pretraining}", base(chat_folder), from_files(path)]
    assert train(tmp_path / "run", *words, f"+stages.second.{from_files(other)}") == 0
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert {name: about.partition(":")[0] for name, about in manifest["data"].items()} == {"first": "mine.jsonl", "second": "other.jsonl"}
    card = (tmp_path / "run/model/README.md").read_text()
    assert "trained on other.jsonl: " in card
    assert "It knows only their words" not in card
    assert {path.name for path in (tmp_path / "run/model").iterdir()} >= {"tokenizer.json", "chat_template.jinja"}


def test_the_end_of_the_reasoning_as_published_needs_its_token(chat_folder, tmp_path, capsys):
    words = [base(chat_folder), from_files(write(tmp_path / "mine.jsonl", 20)), "stages.retrofit.objective.stop=published"]
    assert train(tmp_path / "run", *words) == 2
    assert "objective.stop: published needs a tokenizer with the token </think>; write labels" in capsys.readouterr().err


def test_self_text_is_written_once_and_kept(chat_folder, tmp_path):
    words = (
        base(chat_folder),
        SELF_TEXT,
        "stages.retrofit.steps=2",
        *(f"stages.retrofit.objective.{term}=0" for term in ("entropy", "saturation")),
    )
    assert train(tmp_path / "run", *words) == 0
    (folder,) = (tmp_path / "run").glob("self-text-*")
    assert sorted(path.name for path in folder.iterdir()) == ["00000.jsonl", "00001.jsonl"]
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert manifest["data"] == {"retrofit": f"40 texts that the base model wrote itself ({folder.name})"}
    row = json.loads((tmp_path / "run/retrofit/log.jsonl").read_text().splitlines()[0])
    # Without saturation the loss is the sum of its terms.
    assert row["loss_kd"] >= 0
    assert row["loss"] == pytest.approx(row["loss_kd"] + 6 * row["loss_budget"] + 0.1 * row["loss_tokens"], rel=1e-4)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert train(tmp_path / "run", *words) == 0
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_an_interruption_while_text_is_written_goes_on_after_the_last_block(chat_folder, tmp_path, monkeypatch):
    from cloudsim.l2a.training.course import Course
    from cloudsim.l2a.training.recipe import compose
    from cloudsim.l2a.training.run_folder import TrainingFolder

    words = ["+recipe=nested", *SMALL, base(chat_folder), SELF_TEXT, "stages.retrofit.steps=1", f"output_dir={tmp_path / 'run'}"]
    recipe = compose(words)
    folder = TrainingFolder(tmp_path / "run", recipe.tree)

    def blocks() -> list[str]:
        return sorted(path.name for path in (tmp_path / "run").glob("self-text-*/*.jsonl"))

    manifest = Course(recipe.config, folder, "command", stop=lambda: bool(blocks())).run()
    assert (manifest["status"], manifest["stage"]) == ("interrupted", "retrofit")
    assert blocks() == ["00000.jsonl"]
    assert not (tmp_path / "run/retrofit").exists()
    manifest = Course(recipe.config, folder, "command", stop=lambda: False).run()
    assert manifest["status"] == "finished"
    assert blocks() == ["00000.jsonl", "00001.jsonl"]
