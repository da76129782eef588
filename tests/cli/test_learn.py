import json

import pytest

from cloudsim.cli import main
from cloudsim.results import load

SMALL = [
    "experiment=train_policy", "learning.algorithm=q_learning", "learning.steps=300", "learning.comparison.replications=2",
    "learning.comparison.tuning=1", "duration_s=60", "drain_s=30",
]  # fmt: skip


def test_a_training_is_compared_written_and_runs_as_any_other_policy(tmp_path, capsys):
    out = tmp_path / "policy"
    assert main(["learn", *SMALL, f"output_dir={out}", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["players"])[:2] == ["trained", "untrained"]
    assert list(document["players"])[2].startswith("fixed ")
    assert list(document["players"])[3:] == ["l2a"]
    assert set(document["fixed"]) == {"1", "0.9", "0.8", "0.67"}
    for player in document["players"].values():
        assert len(player["reward"]["seeds"]) == 2
    trained, untrained = (document["players"][name]["reward"] for name in ("trained", "untrained"))
    difference = [one - two for one, two in zip(trained["seeds"], untrained["seeds"], strict=True)]
    assert untrained["trained_minus"]["mean"] == pytest.approx(sum(difference) / 2)
    assert document["training"]["steps"] >= 300
    assert {path.name for path in out.iterdir()} == {
        "checkpoint", "comparison.json", "config.json", "log.jsonl", "policy", "untrained"
    }  # fmt: skip
    assert "| trained |" in (out / "policy" / "card.md").read_text()
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["steps"] == document["training"]["steps"]

    # The same command finds all done, and measures the same again.
    log = (out / "log.jsonl").read_text()
    assert main(["learn", *SMALL, f"output_dir={out}"]) == 0
    assert "trained minus it (95 %)" in capsys.readouterr().out
    assert (out / "log.jsonl").read_text() == log
    assert json.loads((out / "comparison.json").read_text())["players"] == document["players"]

    words = ["run", "+contender@contenders.mine=l2a", "budget@contenders.mine.budget=q_table"]
    assert (
        main(
            [
                *words,
                f"contenders.mine.budget.path={out / 'policy'}",
                "duration_s=20",
                "drain_s=20",
                "seeds=1",
                "workers=1",
                f"output_dir={tmp_path / 'run'}",
            ]
        )
        == 0
    )
    assert load(tmp_path / "run").config["contenders"]["mine"]["budget"]["path"] == str(out / "policy")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["learning.algorithm=sarsa"], ["learning.algorithm: found 'sarsa'"]),
        (["learning.stepz=1", "learning.hold_s=-1"], ["learning.stepz", "learning.hold_s: found -1"]),
        (["learning.comparison.seed=0"], ["learning.comparison.seed: found 0, the seed of the training"]),
        (["learning.comparison.rivals=[them]", "learning.contender=me"],
         ["learning.contender: found 'me'; the experiment has l2a, ", "learning.comparison.rivals: found 'them'"]),
        (["experiment=train_policies"], ["train_policies", "train_policy"]),
        (["fleet.instances=none"], ["fleet.instances: found 'none'"]),
        (["experiment=spot_preemption", "learning.contender=static_small", "learning.comparison.rivals=[]"],
         ["contender static_small has no elastic pool"]),
        (["learning.algorithm=q_learning", "learning.q_learning.bins=[{of: replica.colour, edges: [1]}]"],
         ["learning.q_learning.bins: found 'replica.colour'"]),
    ],
)  # fmt: skip
def test_a_user_s_mistakes_end_with_exit_code_2_and_nothing_written(words, told, tmp_path, capsys):
    assert main(["learn", *words, f"output_dir={tmp_path / 'out'}"]) == 2
    shown = capsys.readouterr().err
    assert all(one in shown for one in told), shown
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["learn", *SMALL, f"output_dir={tmp_path}"]) == 2
    assert "is not empty and holds no training of a policy" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["learn", *SMALL, f"output_dir={tmp_path / 'file'}"]) == 2
    assert "is a file" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "notes.txt"]


def test_another_training_is_not_mixed_in(tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "config.json").write_text(json.dumps({"seed": 5}))
    assert main(["learn", *SMALL, f"output_dir={out}"]) == 2
    assert "holds a training with another seed, " in capsys.readouterr().err
