"""Written problems as the source of a training."""

import json

import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.selection import select
from cloudsim.l2a.data.written_mixture import WrittenMixture, from_files, from_gym
from tests.l2a.data.test_selection import problems
from tests.l2a.optional import needs

torch = needs("torch", "model")


def mixture(tokenizer, count: int = 200, **options) -> WrittenMixture:
    rendering = Rendering(tokenizer)
    return WrittenMixture(select(problems(count), rendering, 512), rendering, **options)


def texts(tokenizer, batches) -> list[str]:
    return [tokenizer.decode(row).replace("<fill>", "") for batch in batches for row in batch.tokens]


def write(path, rows: int, first: int = 0):
    lines = [
        {"question": f"How many are {row} and 1?", "answer": f"{row} + 1 = {row + 1}\n#### {row + 1}"} for row in range(first, first + rows)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_a_step_draws_from_its_seed_its_number_and_its_process(plain_tokenizer):
    def rows(seed: int, step: int, rank: int) -> list[str]:
        made = mixture(plain_tokenizer, seed=seed, problems=20, rows=8).draw(step, rank)
        assert [len(batch.tokens) for batch in made] == [8, 8, 4]
        return texts(plain_tokenizer, made)

    first = rows(1, 2, 3)
    assert len(set(first)) == 20
    assert [len(row) for row in first] == sorted(len(row) for row in first)
    assert rows(1, 2, 3) == first
    assert all(set(other) != set(first) for other in (rows(0, 2, 3), rows(1, 0, 3), rows(1, 2, 0)))


def test_a_small_file_gives_small_steps_and_every_problem_in_time(plain_tokenizer):
    training = len(mixture(plain_tokenizer, 6).selection.training)
    assert [len(batch.tokens) for batch in mixture(plain_tokenizer, 6).draw(0, 0)] == [training]
    few = mixture(plain_tokenizer, 6, problems=2)
    assert len({text for step in range(40) for text in texts(plain_tokenizer, few.draw(step, 0))}) == training


def test_a_curriculum_begins_with_short_chains(plain_tokenizer):
    source = mixture(plain_tokenizer, problems=30)
    easy, all_of_them = ({text.count("step\n") for text in texts(plain_tokenizer, source.draw(0, 0, reach))} for reach in (0.19, 1.0))
    assert easy == {1}
    assert all_of_them == {1, 2, 3, 4, 5}


def test_held_out_problems_are_never_drawn_and_calibrate(plain_tokenizer):
    source = mixture(plain_tokenizer, problems=1000)
    drawn = texts(plain_tokenizer, source.draw(0, 0))
    asked = [plain_tokenizer.decode(prompt).replace("<s>", "").replace("<think>", "").strip() for prompt in source.held_out_prompts(15)]
    assert asked == [problem.question for problem in source.selection.held_out[:15]]
    assert not any(question in text for question in asked for text in drawn)


def test_without_held_out_problems_those_of_training_calibrate(plain_tokenizer):
    source = mixture(plain_tokenizer, 2)
    assert source.selection.held_out == ()
    assert source.held_out_prompts(9) == [source.rendering.prompt(problem.question) for problem in source.selection.training]


def test_several_files_are_one_source(chat, tmp_path):
    paths = [write(tmp_path / "a.jsonl", 40), write(tmp_path / "b.jsonl", 30, first=40)]
    source = from_files(paths, chat, 3, 8, 4)
    assert (source.seed, source.problems, source.rows) == (3, 8, 4)
    assert len(source.selection.training) + len(source.selection.held_out) == 70
    assert source.about.startswith("a.jsonl, b.jsonl: ")
    assert "held out (sha256 " in source.about
    assert source.tokenizer.eos_token == "<|end|>"


def test_the_digest_follows_the_rows_and_not_their_place(chat, tmp_path):
    first = from_files([write(tmp_path / "a.jsonl", 40)], chat, 0, 8, 4).about
    (tmp_path / "elsewhere").mkdir()
    assert from_files([write(tmp_path / "elsewhere" / "a.jsonl", 40)], chat, 0, 8, 4).about == first
    text = (tmp_path / "a.jsonl").read_text()
    (tmp_path / "a.jsonl").write_text(text.replace("= 5\\n#### 5", "= 5\\n#### 6"))
    assert from_files([str(tmp_path / "a.jsonl")], chat, 0, 8, 4).about != first


def test_bad_rows_of_all_files_come_in_one_error(chat, tmp_path):
    paths = [write(tmp_path / "a.jsonl", 3), write(tmp_path / "b.jsonl", 3), write(tmp_path / "c.jsonl", 3)]
    for path, line in ((paths[0], "nonsense"), (paths[2], '{"question": "q"}')):
        with open(path, "a") as file:
            file.write(line + "\n")
    with pytest.raises(ModelError) as caught:
        from_files(paths, chat, 0, 8, 4)
    assert [problem.partition(": ")[0] for problem in caught.value.problems] == [f"{paths[0]}:4", f"{paths[2]}:4"]


def test_nothing_is_longer_than_the_model_takes(chat, tmp_path):
    path = tmp_path / "long.jsonl"
    rows = [{"question": f"q{row}", "reasoning": "x" * length, "answer": "1"} for row, length in enumerate((20, 600, 30, 700, 40))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = from_files([str(path)], chat, 0, 8, 4, longest_tokens=4096)
    assert source.selection.too_long == 2
    assert "2 more are left out since they are longer than 512 tokens" in source.about


def test_tasks_of_reasoning_gym(chat):
    needs("reasoning_gym", "outside")
    tasks = {"chain_sum": {"min_terms": 2, "max_terms": 2}, "basic_arithmetic": {}}
    source = from_gym(tasks, chat, 1, 8, 4, count=50)
    assert len(source.selection.training) + len(source.selection.held_out) == 100
    assert {problem.source.split()[0] for problem in source.selection.training} == set(tasks)
    assert source.about.startswith("reasoning-gym chain_sum, basic_arithmetic: ")
    assert from_gym(tasks, chat, 1, 8, 4, count=50).about == source.about
    assert from_gym(tasks, chat, 2, 8, 4, count=50).about != source.about


def test_all_tasks_that_cannot_be_made_are_told(chat):
    needs("reasoning_gym", "outside")
    with pytest.raises(ModelError) as caught:
        from_gym({"chain_summ": {}, "chain_sum": {"terms": 1}, "gsm_symbolic": {"seed": 3}, "basic_arithmetic": {}}, chat, 0, 8, 4)
    told = caught.value.problems
    assert [problem.partition(":")[0] for problem in told[1:]] == ["chain_sum", "gsm_symbolic"]
    assert "did you mean chain_sum" in told[0]
    assert "found the options seed" in told[2]
