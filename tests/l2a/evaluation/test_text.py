"""Elastic models on held-out text of their dense model."""

import json

import pytest

from cloudsim.cli import main
from cloudsim.errors import ConfigError, ModelError
from tests.l2a.data.conftest import chat_model
from tests.l2a.evaluation.conftest import shake
from tests.l2a.optional import needs

torch = needs("torch", "model")
needs("peft", "model")

SMALL = ("texts=10", "new_tokens=6", "batch=4", "threads=1", "budgets=[1,0.8,0.5]")
TIMING = "timing={batches: [1, 3], budgets: [0.6], steps: 2, repetitions: 2}"


@pytest.fixture(scope="module")
def elastic(tmp_path_factory):
    """The folder of a trained-looking elastic chat model, beside its base."""
    from cloudsim.l2a.network import L2AForCausalLM

    folder = tmp_path_factory.mktemp("elastic")
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = L2AForCausalLM.wrap(chat_model(folder / "base", layers=4))
        shake(model, 0.1)
    model.save_pretrained(folder / "model", base=folder / "base")
    return folder / "model"


def measured(checkpoint, out, *words):
    from cloudsim.composition.options import compose
    from cloudsim.l2a.evaluation.text_config import TextConfig
    from cloudsim.l2a.evaluation.text_result import measure_text

    class Told(list):
        def begin(self, what, tasks):
            self.append((what, tasks))

        def finished(self, task, problems):
            pass

    told = Told()
    config = compose([*SMALL, "timing=null", *words, f"checkpoint={checkpoint}", f"output_dir={out}"], "text_evaluation", TextConfig)
    return measure_text(config, told), told


@pytest.fixture(scope="module")
def result(elastic, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return measured(elastic, out)[0], out


def texts(out):
    rows = [json.loads(line) for line in next(out.glob("self-text-held-out-*/00000.jsonl")).read_text().splitlines()]
    return rows[:10]


def test_the_figures_are_those_of_the_gated_network(elastic, result):
    """`forward` scales what skipping leaves out: another way to the same numbers."""
    from cloudsim.l2a.data.base_tokenizer import base_tokenizer
    from cloudsim.l2a.data.rendering import Rendering
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.plan import budget_rows
    from cloudsim.l2a.training.finished_model import load_dense

    model, dense = L2AForCausalLM.from_pretrained(elastic), load_dense(str(elastic.parent / "base"))
    rendering = Rendering(base_tokenizer(dense))
    for point in result[0].points[1:]:
        divergence, agreed, ours, theirs, layers = [], [], [], [], []
        for row in texts(result[1]):
            prompt = rendering.plain_prompt(row["question"])
            tokens, start = torch.tensor([prompt + row["tokens"]]), len(prompt)
            with torch.no_grad():
                output = model(tokens, torch.tensor([start]), budget_rows([point.budget]))
                here = output.logits[0, start - 1 : -1].log_softmax(-1)
                there = dense(input_ids=tokens).logits[0, start - 1 : -1].log_softmax(-1)
            divergence += ((there.exp() * (there - here)).sum(-1)).tolist()
            agreed += (here.argmax(-1) == there.argmax(-1)).tolist()
            targets = tokens[0, start:].unsqueeze(-1)
            ours += here.gather(-1, targets).squeeze(-1).tolist()
            theirs += there.gather(-1, targets).squeeze(-1).tolist()
            layers.append(output.layers.mean().item())
        count = len(ours)
        assert point.tokens == count
        assert point.kl == pytest.approx(sum(divergence) / count, rel=1e-3, abs=1e-6)
        assert point.agreement == pytest.approx(sum(agreed) / count)
        assert point.perplexity == pytest.approx(torch.tensor(ours).mean().neg().exp().item(), rel=1e-4)
        assert point.perplexity_ratio == pytest.approx((torch.tensor(theirs) - torch.tensor(ours)).mean().exp().item(), rel=1e-4)
        assert point.layer_sparsity == pytest.approx(1 - sum(layers) / len(layers), abs=1e-6)
        assert point.kl_ci95[0] <= point.kl <= point.kl_ci95[1]
        assert point.agreement_ci95[0] <= point.agreement <= point.agreement_ci95[1]


def test_the_dense_model_is_itself_and_compute_follows_the_budget(result):
    dense, full, middle, least = result[0].points
    assert (dense.method, dense.kl, dense.agreement, dense.perplexity_ratio, dense.compute_share) == ("dense", 0.0, 1.0, 1.0, 1.0)
    assert full.layer_sparsity == 0
    assert full.kl > 0  # the adapters
    assert full.layer_sparsity < middle.layer_sparsity < least.layer_sparsity
    assert full.compute_share > middle.compute_share > least.compute_share
    assert least.head_sparsity > 0


def test_a_text_is_measured_alike_alone_and_beside_a_longer_one(elastic):
    from cloudsim.l2a.cost import ModelCost
    from cloudsim.l2a.decoder import SkippingDecoder
    from cloudsim.l2a.evaluation.reader import Reader
    from cloudsim.l2a.evaluation.text_reader import compare
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.plan import DensePlanner, GatePlanner
    from cloudsim.l2a.tasks.problem import Problem
    from cloudsim.l2a.tasks.suite import Question
    from cloudsim.l2a.training.finished_model import load_dense

    model, dense = L2AForCausalLM.from_pretrained(elastic), load_dense(str(elastic.parent / "base"))
    nothing = Problem("self-text", 1, "", (), (), "", "")
    texts = [Question(nothing, tuple(range(5, 9 + size)), tuple(range(40, 40 + size)), size) for size in (1, 4, 9)]
    writer = Reader("dense", 1.0, SkippingDecoder(dense), DensePlanner(2), None)
    reader = Reader("l2a_nested", 0.5, SkippingDecoder(model.base), GatePlanner(model), model)
    together, alone = (compare(writer, [reader], texts, rows, ModelCost.of(dense.config))[0] for rows in (3, 1))
    assert together.tokens == alone.tokens == 14
    assert together.kl == pytest.approx(alone.kl, rel=1e-4)
    assert together.perplexity == pytest.approx(alone.perplexity, rel=1e-4)
    single = compare(writer, [reader], texts[:1], 1, ModelCost.of(dense.config))[0]
    assert single.tokens == 1
    assert single.kl_ci95 == pytest.approx((single.kl, single.kl))


def test_texts_answer_questions_that_no_training_asks(result):
    from cloudsim.l2a.tasks.problem import is_held_out

    assert all(is_held_out(row["question"]) for row in texts(result[1]))


def test_texts_are_written_once_and_figures_do_not_change(elastic, result, tmp_path):
    first, out = result
    again, told = measured(elastic, out)
    assert told[0] == ("texts", 0)
    assert again.document() == first.document()
    fresh, told = measured(elastic, tmp_path)
    assert told[0] == ("texts", 1)
    assert fresh.document() == first.document()
    assert measured(elastic, out, "batch=1")[0].points[1].kl == pytest.approx(first.points[1].kl, rel=1e-4)


def test_json_is_one_document(elastic, tmp_path, capsys):
    words = [*SMALL, TIMING, f"checkpoint={elastic}", f"output_dir={tmp_path / 'out'}"]
    assert main(["evaluate", "text", *words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "out/text.json").read_text()) == document
    assert [(point["method"], point["budget"]) for point in document["points"]] == [("l2a_nested", budget) for budget in (1.0, 0.8, 0.5)]
    assert set(document["decode_speedup"]) == {"1", "3"}
    assert document["decode_speedup"]["3"]["l2a_nested 0.6"] > 0
    timed = [(one["method"], one["sequences"], one["layer_sparsity"] > 0) for one in document["timing"]]
    assert timed == [("dense", 1, False), ("l2a_nested", 1, True), ("dense", 3, False), ("l2a_nested", 3, True)]
    assert document["options"]["texts"] == 10


def test_tables(elastic, tmp_path, capsys):
    assert main(["evaluate", "text", *SMALL, TIMING, f"checkpoint={elastic}", f"output_dir={tmp_path / 'out'}"]) == 0
    shown = capsys.readouterr().out
    for word in ("held-out text of the dense model", "l2a_nested", "decode time, torch threads: 1", "results:"):
        assert word in shown


def test_mistakes_are_told_together_and_nothing_is_written(tmp_path, capsys):
    words = ["texts=0", "budgets=[2]", "temperature=0", "timing.steps=x", "txts=3", f"output_dir={tmp_path / 'out'}"]
    assert main(["evaluate", "text", *words]) == 2
    told = capsys.readouterr().err
    for word in ("texts: found 0", "budgets", "temperature: found 0", "timing.steps", "txts"):
        assert word in told
    assert not (tmp_path / "out").exists()


def test_a_folder_without_an_elastic_model_and_one_of_other_words_are_refused(elastic, models, tmp_path):
    with pytest.raises(ModelError, match="holds no elastic model; give the model/ folder of a finished retrofit"):
        measured(elastic.parent / "base", tmp_path)
    with pytest.raises(ModelError, match=r"dense: holds no tokenizer"):
        measured(models, tmp_path)
    with pytest.raises(ModelError, match="texts: found 1,000,000; accepted: up to"):
        measured(elastic, tmp_path, "texts=1000000")
    assert not list(tmp_path.iterdir())


def test_every_key_of_the_file_is_in_the_schema():
    from cloudsim.composition.options import compose
    from cloudsim.l2a.evaluation.text_config import TextConfig

    assert compose([], "text_evaluation", TextConfig).checkpoint == "runs/smollm2/model"
    with pytest.raises(ConfigError, match="nothing"):
        compose(["nothing=1"], "text_evaluation", TextConfig)


def test_the_help_names_the_file_of_keys(capsys):
    for words, found in ((["text", "--help"], "text_evaluation.yaml"), (["--help"], "evaluate text --help")):
        with pytest.raises(SystemExit):
            main(["evaluate", *words])
        assert found in capsys.readouterr().out
