import numpy as np
import pytest

from tests.cluster.scenario import fingerprint
from tests.l2a.live.conftest import knowing
from tests.l2a.live.runs import live


def simulated(config):
    """Tables of a run, and the answers that were given in it by request."""
    from unittest.mock import patch

    from cloudsim.serving.problem_answers import ProblemAnswers
    from cloudsim.simulation import simulate

    kept, settle = {}, ProblemAnswers.settle

    def keeping(answers, block, noted):
        kept.update({request: answer for request, (_, _, answer) in answers._given.items()})
        return settle(answers, block, noted)

    with patch.object(ProblemAnswers, "settle", keeping):
        return simulate(config, "one", 0), kept


@pytest.mark.parametrize("elastic", [True, False])
def test_live_equals_offline_problem_by_problem(measured, elastic):
    import torch

    from cloudsim.l2a.budget import ComputeBudget
    from cloudsim.l2a.generation import Stopping, generate
    from cloudsim.l2a.live.network import load_network
    from cloudsim.l2a.tasks.problem import Effort
    from cloudsim.l2a.tasks.suite import Question
    from cloudsim.workload.drawing import draw_blocks

    config = live(measured, elastic=elastic, rows=12)
    tables, answers = simulated(config)
    network = load_network(measured / ("nested" if elastic else "dense"))
    budget = torch.tensor([ComputeBudget.of(0.7 if elastic else 1.0).vector])
    compared = 0
    for index, problem in enumerate(next(draw_blocks(config, 0)).questions):
        if tables.requests["retries"][index]:
            continue
        question = Question.of(problem, Effort.FULL)
        stopping = Stopping(network.stop, budget) if network.stop is not None else None
        alone = generate(
            network.decoder, [question.prompt], budget, network.planner, network.words, question.limit, stopping=stopping
        )  # fmt: skip
        answer = answers[index]
        assert list(answer.tokens) == alone.tokens[0]
        assert answer.new_tokens == tables.requests["generated_tokens"][index] == len(alone.tokens[0])
        assert answer.level.layers == int(alone.plan.layers.sum())
        assert answer.level.units == int(alone.plan.groups.sum())
        assert tables.requests["input_tokens"][index] == len(question.prompt)
        compared += 1
    assert compared >= 8


def test_a_run_is_repeated_to_the_byte_and_each_answer_is_written_once(measured):
    from unittest.mock import patch

    from cloudsim.l2a.live.network import LiveNetwork

    config = live(measured, rows=20, seed=5)
    first, _ = simulated(config)
    with patch.object(LiveNetwork, "answer", side_effect=AssertionError("written twice")):
        again, _ = simulated(live(measured, rows=20, seed=5, policies={"notice": "finish"}, market__slots_per_zone=2))
    assert (again.requests["output_tokens"] == first.requests["output_tokens"])[first.requests["retries"] == 0].all()
    assert fingerprint(simulated(config)[0]) == fingerprint(first)


def test_a_request_that_comes_back_at_its_level_goes_on_with_its_answer(measured):
    tables, answers = simulated(live(measured, rows=60, gap_s=0.04))
    back = np.flatnonzero((tables.requests["retries"] > 0) & (tables.requests["generated_tokens"] > 0))
    assert len(back)
    _, others = simulated(live(measured, rows=60, gap_s=0.04, market__slots_per_zone=3))
    for index in back.tolist():
        assert answers[index].tokens == others[index].tokens


class LeanerAfterLoss:
    """A budget policy that gives a request less when it comes back from a lost node."""

    def budget(self, request, replica, fleet):
        return 0.4 if request.generated_tokens else 0.7


def test_a_request_that_comes_back_at_another_level_goes_on_from_what_is_written(measured):
    from unittest.mock import patch

    import torch

    from cloudsim.l2a.budget import ComputeBudget
    from cloudsim.l2a.generation import Stopping, generate
    from cloudsim.l2a.live.book import LiveBook
    from cloudsim.l2a.live.network import load_network
    from cloudsim.l2a.tasks.problem import Effort
    from cloudsim.l2a.tasks.suite import Question
    from cloudsim.workload.drawing import draw_blocks

    policies = {"budget": {"_target_": "tests.l2a.live.test_live.LeanerAfterLoss"}}
    config = live(measured, rows=30, gap_s=0.04, policies=policies)
    gone_on, original = [], LiveBook.continued

    def noting(book, request, pool, level, before, generated_tokens):
        answer = original(book, request, pool, level, before, generated_tokens)
        gone_on.append((request, level.index, before, generated_tokens, answer))
        return answer

    with patch.object(LiveBook, "continued", noting):
        tables, _ = simulated(config)
    questions, network = next(draw_blocks(config, 0)).questions, load_network(measured / "nested")
    budget = torch.tensor([ComputeBudget.of(0.4).vector])
    assert gone_on
    for request, level, before, written, answer in gone_on:
        assert level != before.level.index
        assert tables.requests["retries"][request]
        kept = before.tokens[:written]
        question = Question.of(questions[request], Effort.FULL)
        prompt = [*question.prompt, *kept]
        stopping, room = Stopping(network.stop, budget), question.limit - written
        rest = generate(network.decoder, [prompt], budget, network.planner, network.words, room, stopping=stopping)
        assert answer.tokens == (*kept, *rest.tokens[0])
        assert answer.new_tokens == written + len(rest.tokens[0]) > written > 0
        assert answer.level.layers == int(rest.plan.layers.sum())


def test_a_cut_ends_the_reasoning_where_it_stands_and_keeps_numbers_whole(measured):
    from cloudsim.cluster.pool import build_pool
    from cloudsim.l2a.live.book import LiveBook
    from cloudsim.l2a.live.problems import ANSWER_TOKENS
    from cloudsim.workload.drawing import draw_blocks
    from cloudsim.workload.workload import Workload

    config = live(measured, rows=8)
    workload = Workload(draw_blocks(config, 0))
    next(workload.requests())
    pool = build_pool("large", config.contenders["one"].pools["large"], config)
    book = LiveBook(config, workload, {"large": pool})
    network, level = book._networks["large"], pool.profile.levels[1]
    forced = network.words.thought_end
    cuts = 0
    for index in range(8):
        before = book.answer(index, "large", level)
        cut = book.cut(index, "large", pool.profile.levels[-1], before, 20)
        if cut is before:
            continue
        at = cut.tokens.index(forced[0])
        assert at >= 20
        assert cut.tokens[:at] == before.tokens[:at]
        assert cut.tokens[at : at + 2] == forced
        assert not {before.tokens[at - 1], before.tokens[at]} <= network.words.digits
        assert at == 20 or {before.tokens[at - 2], before.tokens[at - 1]} <= network.words.digits
        assert cut.new_tokens == len(cut.tokens) <= ANSWER_TOKENS
        cuts += 1
    assert cuts


def test_another_checkpoint_than_was_measured_is_refused(measured, tmp_path):
    import shutil

    from cloudsim.errors import ModelError
    from cloudsim.simulation import simulate

    for name in ("nested", "dense"):
        shutil.copytree(measured / name, tmp_path / name)
    for file in measured.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    config = tmp_path / "nested" / "config.json"
    config.write_text(config.read_text() + " ")
    with pytest.raises(ModelError, match="measure it again: python -m cloudsim profile l2a"):
        simulate(live(tmp_path), "one", 0)


@pytest.mark.parametrize("policies", [{}, {"budget": "l2a_calibrated", "notice": "squeeze"}])
def test_live_and_recorded_runs_agree_within_their_intervals(networks, tmp_path, policies):
    """2,000 fresh problems against records of 700 others, of a network that errs as a trained one does."""
    import shutil
    from unittest.mock import patch

    from cloudsim.l2a.live import checkpoints
    from cloudsim.l2a.live.network import load_network
    from cloudsim.l2a.profiling import measurement
    from cloudsim.metrics.summary import metrics
    from tests.l2a.live.conftest import measure_one

    for name in ("nested", "dense"):
        shutil.copytree(networks / name, tmp_path / name)
    network = knowing(load_network(tmp_path / "nested"))
    with patch.object(measurement, "load_network", lambda folder: network):
        records = len(measure_one(tmp_path / "nested", tmp_path / "tiny-reasoner-l2a.yaml", 700).levels[0].right)
    found = {}
    with patch.object(checkpoints, "_loaded", lambda folder, digest: network):
        for backend in ("live", "recorded"):
            config = live(tmp_path, backend, rows=2000, gap_s=0.08, policies=policies, tiers__standard__e2e_s=0.55)
            tables, _ = simulated(config)
            found[backend] = metrics(tables.requests, tables.nodes, config.duration_s, list(config.tiers))
    for name, samples in (("quality", (2000, 2000, records)), ("sla_attainment", (2000, 2000, records))):
        one, other = found["live"][name], found["recorded"][name]
        mean = (one + other) / 2
        assert 0.1 < mean < 0.999
        half = 1.96 * np.sqrt(mean * (1 - mean) * sum(1 / count for count in samples))
        assert abs(one - other) <= half, (name, one, other, half)
