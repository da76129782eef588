import pytest
import torch

from cloudsim.errors import ModelError
from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.evaluation.catalog import METHODS, method
from cloudsim.l2a.evaluation.methods.early_exit import exit_share
from cloudsim.l2a.evaluation.methods.oracle import best
from cloudsim.l2a.evaluation.methods.similarity import row_similarities
from cloudsim.l2a.mask import Mask
from cloudsim.l2a.plan import GatePlanner, budget_rows

SEARCHED_ONLY = "oracle_static_healed"


def contender(bench, name, budget=0.6):
    chosen = method(name)
    setting = chosen.prepare(bench, [budget]).get(budget)
    return chosen.contender(bench, budget, setting)


@pytest.mark.parametrize("name", [name for name in METHODS if name != SEARCHED_ONLY])
def test_every_method_answers_every_problem_and_twice_the_same(bench, questions, name):
    made = contender(bench, name)
    numbers = list(range(len(questions)))
    first = made.records(questions, numbers)
    assert first == made.records(questions, numbers)
    assert [record.problem for record in first] == numbers
    assert all(0 < record.share <= 1.2 and record.tokens <= question.limit for record, question in zip(first, questions, strict=True))
    assert {record.family for record in first} == {question.problem.family for question in questions}


@pytest.mark.parametrize(
    "name", ["static", "oracle_static", "shortgpt", "adaskip", "flexidepth", "random_drop", "fixed_budget", "l2a_nested", "dense"]
)
def test_a_problem_gets_the_same_answer_alone_and_in_a_batch(bench, questions, name):
    made = contender(bench, name)
    together = made.records(questions, list(range(len(questions))))
    alone = [made.records([question], [number])[0] for number, question in enumerate(questions)]
    assert [(each.tokens, each.mask, each.correct) for each in together] == [(each.tokens, each.mask, each.correct) for each in alone]


def test_the_oracle_is_no_worse_than_any_mask_it_tried(bench):
    whole = Mask.full(4, 2)
    tried = [whole.without(layer) for layer in (1, 2, 3)]
    chosen = best(bench.decoder, bench.questions, tried)
    assert chosen in tried
    assert all(best(bench.decoder, bench.questions, [chosen, other]) == chosen for other in tried)
    found = method("oracle_static").prepare(bench, [0.8, 0.6])
    larger, smaller = (Mask.from_json(found[budget], "") for budget in (0.8, 0.6))
    assert set(smaller.pairs) < set(larger.pairs)
    assert 0 in smaller.kept


def test_similarities_are_those_of_the_hidden_states_and_blind_to_padding(bench, questions):
    rows = [question.prompt for question in questions[:3]]
    found = row_similarities(bench, rows)
    for row, ids in enumerate(rows):
        with torch.no_grad():
            states = bench.dense(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
        wanted = torch.cosine_similarity(states[0][0], states[1][0], dim=-1).mean()
        torch.testing.assert_close(found[row, 0], wanted, atol=1e-4, rtol=1e-4)


def test_random_masks_differ_between_problems_and_fixed_ones_do_not(bench, questions):
    numbers = list(range(len(questions)))
    assert len({record.mask for record in contender(bench, "random_drop").records(questions, numbers)}) > 1
    for name in ("static", "fixed_budget", "shortgpt"):
        assert len({record.mask for record in contender(bench, name).records(questions, numbers)}) == 1


def test_the_fixed_mask_has_the_mean_size_of_the_elastic_model_s(bench):
    setting = method("fixed_budget").prepare(bench, [0.6])[0.6]
    mask, model = Mask.from_json(setting, ""), bench.elastic("nested")
    prompts = [list(question.prompt) for question in bench.questions]
    plan = model.decoder().prefill(prompts, budget_rows([0.6] * len(prompts)), GatePlanner(model)).plan
    assert len(mask.kept) == round(float(plan.layers.double().sum(1).mean()))


def test_exits_that_never_come_leave_the_dense_answers(bench, questions):
    exits = method("early_exit").contender(bench, 0.6, {"threshold": 2.0}).records(questions, list(range(len(questions))))
    dense = contender(bench, "dense").records(questions, list(range(len(questions))))
    assert [each.tokens for each in exits] == [each.tokens for each in dense]
    assert all(record.layers == 4 for record in exits)


def test_a_lower_threshold_exits_earlier_and_exits_cost_their_readings(bench, questions):
    chosen, numbers = method("early_exit"), list(range(len(questions)))
    early = chosen.contender(bench, 0.6, {"threshold": 0.0}).records(questions, numbers)
    assert all(record.layers == 1 for record in early if record.tokens > 1)
    cost = bench.cost
    layer = cost.groups * cost.group + cost.mlp
    assert exit_share(cost, [cost.layers]) == pytest.approx(1 + (cost.layers - 1) * cost.head / (cost.layers * layer))
    keys_and_values = 2 * 32 * 2 * 2 * 8
    assert exit_share(cost, [1]) == pytest.approx((layer + 3 * keys_and_values + cost.head) / (4 * layer))


def test_the_gates_get_the_budget_that_is_asked(bench):
    assert contender(bench, "l2a_nested", 0.7).budget == ComputeBudget.of(0.7).vector


def test_healed_adapters_change_the_model_and_a_wrong_file_is_refused(bench, questions, models, tmp_path):
    from cloudsim.l2a.adapters import load_adapter
    from cloudsim.l2a.base import build_base

    numbers = list(range(len(questions)))
    healed = contender(bench, "static_healed").records(questions, numbers)
    plain = contender(bench, "static").records(questions, numbers)
    assert [each.mask for each in healed] == [each.mask for each in plain]
    assert [each.tokens for each in healed] != [each.tokens for each in plain]
    with pytest.raises(ModelError, match="does not fit the dense model"):
        load_adapter(build_base(layers=2, hidden=32, heads=4, groups=2), models / "healed" / "static-60.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((models / "healed" / "static-60.safetensors").read_bytes()[:100])
    (tmp_path / "cut.json").write_bytes((models / "healed" / "static-60.json").read_bytes())
    with pytest.raises(ModelError, match="cannot be read"):
        load_adapter(bench.dense, tmp_path / "cut.safetensors")
