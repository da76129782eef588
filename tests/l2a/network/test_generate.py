"""`L2AForCausalLM.generate`, in the style of Hugging Face."""

import pytest
import torch

from cloudsim.errors import ModelError
from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.decoder import SkippingDecoder
from cloudsim.l2a.generation import Words, generate
from cloudsim.l2a.network import L2AForCausalLM
from cloudsim.l2a.plan import DensePlanner, GatePlanner, budget_rows
from tests.l2a.network.elastic import KINDS, MODES, dense, elastic, left_padded, prompts, shared

IDS, MASK = left_padded(prompts([3, 7, 5, 1]))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_at_full_budget_it_writes_what_transformers_writes(kind, mode):
    # (In double precision the eager attention of transformers gives NaN for padded rows.)
    base = dense(kind, dtype=torch.float32)
    with torch.no_grad():
        expected = base.generate(input_ids=IDS, attention_mask=MASK, max_new_tokens=16, do_sample=False)
    decoder = SkippingDecoder(base)
    answers = generate(decoder, prompts([3, 7, 5, 1]), budget_rows([1.0] * 4), DensePlanner(2), Words(frozenset([2])), 16)
    assert [[*row, *[0] * (expected.shape[1] - 7 - len(row))] for row in answers.tokens] == expected[:, 7:].tolist()
    model = L2AForCausalLM.wrap(base, mode=mode).eval()
    assert torch.equal(model.generate(IDS, MASK, budget=1.0, max_new_tokens=16), expected)


def test_rows_that_end_early_are_filled_on_the_right():
    model, _ = shared("llama", "nested")
    whole = model.generate(IDS, MASK, budget=0.6, max_new_tokens=8, words=Words(frozenset()))
    assert whole.shape == (4, 15)
    assert torch.equal(whole[:, :7], IDS)
    end = int(whole[0, 9])
    cut = model.generate(IDS, MASK, budget=0.6, max_new_tokens=8, words=Words(frozenset([end])), pad_token_id=31)
    first = whole[0, 7:].tolist().index(end)
    assert cut[0, 7 + first + 1 :].tolist() == [31] * (cut.shape[1] - 7 - first - 1)
    assert cut[0, : 7 + first + 1].tolist() == whole[0, : 7 + first + 1].tolist()


def test_one_budget_or_one_a_row():
    model, decoder = shared("llama", "faithful")
    mixed = [0.3, 0.6, ComputeBudget(0.9, 0.5, 1.0), 1.0]
    output = model.generate(IDS, MASK, budget=mixed, max_new_tokens=6, words=Words(frozenset()))
    answers = generate(decoder, prompts([3, 7, 5, 1]), budget_rows(mixed), GatePlanner(model), Words(frozenset()), 6)
    assert output[:, 7:].tolist() == answers.tokens
    vector = ComputeBudget.of(0.6)
    one, same = (model.generate(IDS, MASK, budget=each, max_new_tokens=6) for each in (0.6, vector))
    assert torch.equal(one, same)
    assert not torch.equal(one[:, 7:12], model.generate(IDS, MASK, budget=0.1, max_new_tokens=6)[:, 7:12])


def test_caches_agree_and_seeds_count():
    model, _ = shared("qwen3", "nested")
    options = {"budget": 0.7, "max_new_tokens": 8, "do_sample": True, "temperature": 1.2, "top_p": 0.95}
    static, dynamic = (model.generate(IDS, MASK, **options, seed=3, cache_implementation=each) for each in ("static", "dynamic"))
    assert torch.equal(static, dynamic)
    assert not torch.equal(static[:, :12], model.generate(IDS, MASK, **options, seed=4)[:, :12])


def test_the_decoder_is_made_once_and_again_when_weights_change():
    model = elastic("llama", "nested")
    first = model.decoder()
    before = model.generate(IDS, MASK, budget=1.0, max_new_tokens=8)
    assert model.decoder() is first
    with torch.no_grad():
        model.base.model.layers[0].self_attn.q_proj.lora_B.default.weight.mul_(-3.0)
    assert model.decoder() is not first
    assert not torch.equal(model.generate(IDS, MASK, budget=1.0, max_new_tokens=8)[:, :15], before[:, :15])
    second = model.decoder()
    model.train()
    assert model.decoder() is not second
    third = model.decoder()
    model.to(torch.float32)
    assert model.decoder() is not third
    assert model.decoder().dtype == torch.float32


def test_each_row_has_room_of_its_own():
    from cloudsim.l2a.generation import Words, generate
    from cloudsim.l2a.plan import GatePlanner

    model, _ = shared("llama", "nested")
    prompts, budget = [[5, 6, 7], [8, 9], [10, 11, 12, 13]], torch.full((3, 3), 0.7)
    asked = (model.decoder(), prompts, budget, GatePlanner(model), Words(frozenset()))
    whole = generate(*asked, 12).tokens
    assert generate(*asked, [3, 12, 1]).tokens == [row[:room] for row, room in zip(whole, (3, 12, 1), strict=True)]


def test_a_training_model_may_write_and_goes_on_training():
    model = elastic("llama", "nested", levels=3)
    resting = model.generate(IDS, MASK, budget=0.6, max_new_tokens=6)
    model.train()
    assert torch.equal(model.generate(IDS, MASK, budget=0.6, max_new_tokens=6), resting)
    assert model.gates.training


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attention_mask": torch.flip(MASK, [1])}, r"row 0, 2, 3; pad on the left"),
        ({"attention_mask": MASK * torch.tensor([[1], [1], [0], [1]])}, "prompt 2: is empty"),
        ({"attention_mask": MASK[:, 1:]}, r"must be \(rows, length\)"),
        ({"max_new_tokens": 60}, "prompt 1: 7 tokens and 60 new ones exceed the model's 64"),
        ({"max_new_tokens": 0}, "at least one token"),
        ({"budget": 1.5}, "b is 1.5"),
        ({"budget": [0.5, -1.0, 0.5, 7.0]}, r"row 1: (.|\n)*row 3: "),
        ({"budget": [0.5, 0.5]}, "2 are given for 4 rows"),
        ({"cache_implementation": "paged"}, "'static' and 'dynamic'"),
        ({"do_sample": True, "temperature": -1.0}, "temperature -1.0"),
        ({"do_sample": True, "top_p": 0.0}, "top_p 0.0"),
    ],
)
def test_bad_input_is_named(options, message):
    model, _ = shared("llama", "nested")
    given = {"attention_mask": MASK, "max_new_tokens": 4} | options
    with pytest.raises(ModelError, match=message):
        model.generate(IDS, **given)


def test_no_prompts_at_all():
    model, _ = shared("llama", "nested")
    with pytest.raises(ModelError, match="there are no prompts"):
        model.generate(torch.zeros(0, 3, dtype=torch.long))


def test_a_tokenizer_says_where_the_answer_ends_and_the_stop_gate_works():
    model = elastic("llama", "nested")
    with torch.no_grad():
        model.stop.mlp[2].bias.fill_(5.0)

    class Tokenizer:
        eos_token_id = 2

        def get_vocab(self):
            return {"</think>": 38, "<answer>": 39}

    output = model.generate(IDS, MASK, budget=ComputeBudget(1.0, 1.0, 0.4), max_new_tokens=5, tokenizer=Tokenizer())
    assert output[:, 7:9].tolist() == [[38, 39]] * 4
