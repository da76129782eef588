import pytest
import torch

from cloudsim.l2a.cost import ModelCost
from cloudsim.l2a.evaluation.methods.every_kth import even_mask
from cloudsim.l2a.forcing import by_length, drafted, forced_logits, forced_loss
from cloudsim.l2a.generation import generate
from cloudsim.l2a.plan import DensePlanner, GatePlanner, StaticPlanner, budget_rows
from cloudsim.l2a.tasks.suite import Question
from cloudsim.l2a.tasks.vocabulary import build_tokenizer
from cloudsim.l2a.words import words_of


def plain(decoder, questions, budget, planner):
    words = words_of(build_tokenizer())
    prompts = [list(question.prompt) for question in questions]
    answers = generate(decoder, prompts, budget, planner, words, max(question.limit for question in questions))
    return [row[: question.limit] for row, question in zip(answers.tokens, questions, strict=True)]


@pytest.mark.parametrize("budget", [1.0, 0.6])
def test_drafts_change_no_token(bench, questions, budget):
    model = bench.elastic("nested")
    asked, planner = budget_rows([budget] * len(questions)), GatePlanner(model)
    wanted = plain(model.decoder(), questions, asked, planner)
    # The model's own answers, cut and bent at several places, are drafts that hold for a while.
    drafts = []
    for number, (question, tokens) in enumerate(zip(questions, wanted, strict=True)):
        draft = list(tokens)
        if number % 3:
            draft[(number * 5) % len(draft)] += 1
        if number % 2:
            draft = draft[: max(1, len(draft) // 2)]
        drafts.append(Question(question.problem, question.prompt, tuple(draft), question.limit))
    found = drafted(model.decoder(), drafts, asked, planner, words_of(build_tokenizer()))
    assert found.tokens == wanted
    assert any(len(set(tokens)) > 1 for tokens in wanted)


def test_an_accepted_draft_ends_where_the_model_ends(bench, questions):
    words, asked = words_of(build_tokenizer()), budget_rows([1.0] * len(questions))
    planner = DensePlanner(2)
    wanted = plain(bench.decoder, questions, asked, planner)
    drafts = [Question(each.problem, each.prompt, tuple(row), each.limit) for each, row in zip(questions, wanted, strict=True)]
    found = drafted(bench.decoder, drafts, asked, planner, words)
    assert found.tokens == wanted


def test_forced_logits_are_those_of_the_dense_model(bench, questions):
    _, worked, logits = forced_logits(bench.decoder, questions, torch.ones(len(questions), 3), DensePlanner(2))
    for row, question in enumerate(questions):
        whole = torch.tensor([[*question.prompt, *question.worked]])
        with torch.no_grad():
            wanted = bench.dense(input_ids=whole).logits[0, len(question.prompt) - 1 : -1]
        torch.testing.assert_close(logits[row, : len(question.worked)], wanted, atol=1e-4, rtol=1e-4)
        assert worked[row, : len(question.worked)].tolist() == list(question.worked)


def test_the_loss_of_a_mask_is_that_of_the_masked_network(bench, questions):
    from cloudsim.l2a.tasks.batches import Example, collate
    from cloudsim.l2a.training.objective import cross_entropy

    mask = even_mask(ModelCost.of(bench.dense.config), 0.6)
    model = bench.elastic("nested")
    layers, groups = mask.tensors()
    losses = []
    for question in questions:
        batch = collate([Example(list(question.prompt), list(question.worked), 0, 0, 1.0)])
        with torch.no_grad():
            output = model(batch.tokens, batch.prompt_tokens, torch.ones(1, 3), masks=(layers[None], groups[None]))
        losses.append(float(cross_entropy(output.logits, batch).sum()) / len(question.worked))
    found = forced_loss(model.decoder(), questions, StaticPlanner(layers, groups))
    assert found == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_batches_hold_every_question_once_and_sort_by_length(questions):
    batches = by_length(questions, 5)
    assert sorted(number for batch in batches for number in batch) == list(range(len(questions)))
    lengths = [len(questions[number].prompt) for batch in batches for number in batch]
    assert lengths == sorted(lengths)
    assert max(map(len, batches)) <= 5
