"""Texts that a dense model writes itself."""

import json

import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.self_text import BLOCK, SelfText, Writing
from cloudsim.l2a.data.self_text_mixture import from_base_model
from tests.l2a.data.conftest import byte_tokenizer, chat_model
from tests.l2a.optional import needs

torch = needs("torch", "model")

SHORT = Writing(new_tokens=4, seed=1)


@pytest.fixture
def tokenizer(chat_tokenizer):
    return chat_tokenizer


@pytest.fixture(scope="session")
def written(chat_folder, tmp_path_factory):
    """A folder with two blocks."""
    from cloudsim.l2a.training.finished_model import load_dense

    folder, told = tmp_path_factory.mktemp("text"), []
    text = SelfText(load_dense(str(chat_folder)), byte_tokenizer(None, eos_token="<|end|>"), SHORT)
    text.write(folder, range(2), told.append)
    return folder / text.name, told


def test_a_text_is_what_the_model_samples_after_the_question(chat, tokenizer, tmp_path):
    from cloudsim.l2a.sampling import Sampling

    text = SelfText(chat, tokenizer, SHORT)
    text.write(tmp_path, [0], lambda tokens: None)
    rows = [json.loads(line) for line in (tmp_path / text.name / "00000.jsonl").read_text().splitlines()]
    assert [row["question"] for row in rows] == text.questions[:BLOCK]
    sampling = Sampling(SHORT.temperature, SHORT.top_p, SHORT.seed)
    for number in (0, 7, 31):
        prompt, stream, tokens = Rendering(tokenizer).plain_prompt(rows[number]["question"]), sampling.streams([number]), []
        while len(tokens) < SHORT.new_tokens and tokenizer.eos_token_id not in tokens:
            with torch.no_grad():
                logits = chat(input_ids=torch.tensor([prompt + tokens])).logits[:, -1]
            tokens += sampling.choose(logits, stream).tolist()
        assert rows[number]["tokens"] == tokens
        assert rows[number]["text"] == tokenizer.decode(tokens)


def test_blocks_follow_from_their_number_alone(chat, written, tmp_path):
    folder, told = written
    text = SelfText(chat, byte_tokenizer(None, eos_token="<|end|>"), SHORT)
    assert text.name == folder.name
    counted = []
    text.write(tmp_path, [1], counted.append)
    assert (tmp_path / text.name / "00001.jsonl").read_bytes() == (folder / "00001.jsonl").read_bytes()
    assert counted == told[1:]
    assert text.missing(tmp_path, range(2)) == [0]
    text.write(tmp_path, range(2), counted.append)
    assert (tmp_path / text.name / "00000.jsonl").read_bytes() == (folder / "00000.jsonl").read_bytes()
    assert counted == [told[1], told[0]]
    read = text.read(tmp_path, BLOCK + 5)
    assert len(read) == BLOCK + 5
    assert sum(len(row.prompt) + len(row.completion) for row in text.read(tmp_path, 2 * BLOCK)) == sum(told)


def test_the_name_changes_with_all_that_the_texts_follow_from(chat, tokenizer, tmp_path):
    others = [
        SelfText(chat, tokenizer, SHORT), SelfText(chat, tokenizer, SHORT, held_out=True), SelfText(chat, byte_tokenizer(None), SHORT),
        SelfText(chat_model(tmp_path / "other", seed=1), tokenizer, SHORT),
        *(SelfText(chat, tokenizer, Writing(**{"new_tokens": 4, "seed": 1} | change)) for change in (
            {"new_tokens": 5}, {"seed": 2}, {"temperature": 1.0}, {"top_p": 0.5})),
    ]  # fmt: skip
    assert len({other.name for other in others}) == len(others)


def test_the_work_can_be_stopped_between_blocks(chat, tokenizer, tmp_path):
    text, told = SelfText(chat, tokenizer, SHORT), []
    text.write(tmp_path, range(3), told.append, stop=lambda: len(told) == 1)
    assert [path.name for path in (tmp_path / text.name).iterdir()] == ["00000.jsonl"]


@pytest.mark.parametrize("damage", ["", "{", '{"question": "q"}\n', None])
def test_a_damaged_or_missing_file_is_named(chat, tokenizer, tmp_path, damage):
    text = SelfText(chat, tokenizer, SHORT)
    path = tmp_path / text.name / "00000.jsonl"
    if damage is not None:
        path.parent.mkdir()
        path.write_text(damage)
    with pytest.raises(ModelError, match=r"00000.jsonl: .*delete it, and the same command writes it again"):
        text.read(tmp_path, 3)


def source(model, **options):
    return from_base_model(model, 1, 8, 4, **{"texts": 40, "new_tokens": 4} | options)


def test_two_processes_share_the_blocks_and_draw_from_all_of_them(chat, tmp_path):
    together, shared, told = source(chat), source(chat), []
    together.prepare(tmp_path / "one", 0, 1, told.append, lambda: False)
    assert [(one.step, one.steps, one.figures) for one in told] == [(1, 2, {}), (2, 2, {})]
    assert told[0].tokens_per_s > 0
    assert told[1].seconds_left == 0
    for rank in (1, 0):
        shared.prepare(tmp_path / "two", rank, 2, None, lambda: False)
        assert len(list((tmp_path / "two").rglob("*.jsonl"))) == 2 - rank
    ours, theirs = together.draw(3, 1), shared.draw(3, 1)
    assert all(torch.equal(one.tokens, other.tokens) for one, other in zip(ours, theirs, strict=True))
    told.clear()
    source(chat).prepare(tmp_path / "one", 0, 1, told.append, lambda: False)
    assert told == []


def test_rows_are_texts_without_reasoning(chat, tmp_path):
    made = source(chat)
    made.prepare(tmp_path, 0, 1, None, lambda: False)
    batches = made.draw(0, 0)
    assert [len(batch.tokens) for batch in batches] == [4, 4]
    texts = {tuple(row.prompt + row.completion): row for row in made.text.read(tmp_path, 40)}
    for batch in batches:
        assert not batch.thinking.any()
        assert (batch.stop_from == batch.tokens.shape[1]).all()
        for tokens, weights, prompt in zip(batch.tokens.tolist(), batch.weights, batch.prompt_tokens.tolist(), strict=True):
            length = int(weights.nonzero().max()) + 1
            row = texts[tuple(tokens[:length])]
            assert (len(row.prompt), len(row.completion)) == (prompt, length - prompt)
            assert weights[prompt:length].eq(1).all()
    again, other = (source(chat), source(chat))
    for each in (again, other):
        each.prepare(tmp_path, 0, 1, None, lambda: False)
    assert torch.equal(again.draw(0, 0)[0].tokens, batches[0].tokens)
    assert any(not torch.equal(one.tokens, two.tokens) for one, two in zip(other.draw(1, 0), batches, strict=True))


def test_calibration_reads_questions_that_no_text_answers(chat):
    made = source(chat)
    prompts = made.held_out_prompts(30)
    asked = {made.tokenizer.decode(made.text.prompt(question)) for question in made.text.questions}
    assert len(prompts) == 30
    assert not any(made.tokenizer.decode(prompt) in asked for prompt in prompts)


def test_an_elastic_base_writes_as_the_dense_model_it_was_made_of(chat, chat_folder, tmp_path):
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.training.finished_model import load_dense
    from tests.l2a.evaluation.conftest import shake

    elastic = L2AForCausalLM.wrap(load_dense(str(chat_folder)))
    shake(elastic, 0.5)
    of_elastic, of_dense = source(elastic), source(chat)
    assert of_elastic.about == of_dense.about
    for place, made in (("a", of_elastic), ("b", of_dense)):
        made.prepare(tmp_path / place, 0, 1, None, lambda: False)
    one, other = (sorted((tmp_path / place).rglob("*.jsonl")) for place in "ab")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_what_cannot_be_written_is_told_at_once(chat):
    with pytest.raises(ModelError) as caught:
        source(chat, texts=10**6, new_tokens=500)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["texts", "new_tokens"]
    from cloudsim.l2a.base import build_base

    with pytest.raises(ModelError, match=r"does not know words of the questions, such as .*; its own text needs a model of English"):
        source(build_base(2, 32, 4, 2))
