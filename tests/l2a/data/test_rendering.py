"""Written problems as tokens: with a chat template, without one, and with the tokenizer of the embedded model."""

import pytest

from cloudsim.l2a.data.rendering import Rendering
from cloudsim.l2a.data.written import WrittenProblem
from cloudsim.l2a.tasks.vocabulary import build_tokenizer, read_answer
from tests.l2a.data.conftest import byte_tokenizer
from tests.l2a.optional import needs

torch = needs("torch", "model")

PROBLEM = WrittenProblem("Zwei plus zwei, bitte – wie viel?", "2 + 2 = 4\nalso 4", "4", "mine.jsonl:1")
EMBEDDED = WrittenProblem("Mia has 40 coins . Mia + 2 . how many coins has Mia ?", "40 + 2 = 42 .", "42", "mine.jsonl:2")


def texts(tokenizer, problem: WrittenProblem) -> tuple[str, str]:
    made = Rendering(tokenizer).example(problem)
    return tokenizer.decode(made.prompt), tokenizer.decode(made.completion)


def test_with_a_chat_template(chat_tokenizer):
    prompt, completion = texts(chat_tokenizer, PROBLEM)
    assert prompt == f"<|turn|>user\n{PROBLEM.question}<|end|>\n<|turn|>assistant\n<think>"
    assert completion == "2 + 2 = 4\nalso 4</think><answer>4</answer><|end|>"
    assert f"<think>{completion}" == f"{PROBLEM.completion}<|end|>"


def test_without_a_chat_template(plain_tokenizer):
    prompt, completion = texts(plain_tokenizer, PROBLEM)
    assert prompt == f"<s>{PROBLEM.question}\n<think>"
    assert f"<think>{completion}" == f"{PROBLEM.completion}</s>"


def test_with_the_embedded_vocabulary():
    tokenizer = build_tokenizer()
    prompt, completion = texts(tokenizer, EMBEDDED)
    assert prompt == "<bos> Mia has 4 0 coins . Mia + 2 . how many coins has Mia ? <think>"
    assert completion == "4 0 + 2 = 4 2 . </think> <answer> 4 2 </answer> <eos>"
    assert read_answer(completion) == EMBEDDED.answer
    assert EMBEDDED.answered_by(completion)


def test_a_plain_prompt_leaves_the_form_of_the_answer_open(chat_tokenizer, plain_tokenizer):
    said = [tokenizer.decode(Rendering(tokenizer).plain_prompt("Why?")) for tokenizer in (chat_tokenizer, plain_tokenizer)]
    assert said == ["<|turn|>user\nWhy?<|end|>\n<|turn|>assistant\n", "<s>Why?\n"]


def test_a_template_that_opens_the_thoughts_itself_is_not_doubled():
    prompt, _ = texts(byte_tokenizer("{{ messages[0].content }}: <think>{{ '\n' }}", eos_token="<|end|>"), PROBLEM)
    assert prompt == f"{PROBLEM.question}: <think>\n"


def test_a_tokenizer_without_any_special_tokens():
    prompt, completion = texts(byte_tokenizer(None), PROBLEM)
    assert prompt == f"{PROBLEM.question}\n<think>"
    assert completion.endswith("</answer>")


def test_the_switch_to_the_answer_is_always_the_same_tokens(chat_tokenizer):
    switch = chat_tokenizer.encode("</think><answer>", add_special_tokens=False)
    made = Rendering(chat_tokenizer).example(PROBLEM)
    assert made.completion[made.thinking : made.thinking + len(switch)] == switch
    assert made.needed == made.thinking


@pytest.mark.parametrize(("name", "padding"), [("chat_tokenizer", "<|end|>"), ("plain_tokenizer", "<fill>")])
def test_the_batch_has_the_meaning_of_the_procedural_one(name, padding, request):
    tokenizer = request.getfixturevalue(name)
    rendering = Rendering(tokenizer)
    bare = WrittenProblem("q", "", "4", "mine.jsonl:3")
    batch = rendering.batches([rendering.example(bare), rendering.example(PROBLEM)], 2)[0]
    assert batch.tokens.shape[1] % 16 == 0
    for row, (problem, reasoning) in enumerate(((bare, ""), (PROBLEM, PROBLEM.reasoning))):
        start = int(batch.prompt_tokens[row])
        thinking = batch.thinking[row]
        end = int(batch.weights[row].nonzero().max()) + 1
        assert tokenizer.decode(batch.tokens[row, :start]).endswith("<think>")
        assert (tokenizer.decode(batch.tokens[row, thinking]) if reasoning else "") == reasoning
        assert int(thinking.sum()) == len(tokenizer.encode(reasoning))
        assert tokenizer.decode(batch.tokens[row, start + int(thinking.sum()) : end]) == (
            f"</think><answer>{problem.answer}</answer>{tokenizer.eos_token}"
        )
        assert not batch.weights[row, :start].any()
        assert batch.weights[row, start:end].eq(1).all()
        assert (
            batch.tokens[row, end:]
            .eq(tokenizer.convert_tokens_to_ids({"chat_tokenizer": "<|end|>", "plain_tokenizer": "<fill>"}[name]))
            .all()
        )
    assert batch.stop_from.tolist() == [batch.tokens.shape[1], int(batch.prompt_tokens[1]) + int(batch.thinking[1].sum())]


def test_unknown_words(chat_tokenizer):
    assert Rendering(chat_tokenizer).unknown(PROBLEM) == []
    assert Rendering(build_tokenizer()).unknown(EMBEDDED) == []
    assert Rendering(build_tokenizer()).unknown(WrittenProblem("Mia has 4 unicorns .", "so 4", "4 unicorns", "x")) == ["unicorns", "so"]
