"""An elastic model on held-out text of its dense model: the measurement, the document, and the tables."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ModelError
from cloudsim.l2a.threads import torch_threads
from cloudsim.l2a.weights_folder import FAITHFUL, NESTED, WeightsFolder
from cloudsim.report.wording import percent

if TYPE_CHECKING:
    from rich.table import Table

    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.course import Watcher
    from cloudsim.l2a.evaluation.text_config import TextConfig
    from cloudsim.l2a.evaluation.text_reader import TextPoint
    from cloudsim.l2a.evaluation.timing import Timing
    from cloudsim.l2a.tasks.suite import Question

DOCUMENT = "text.json"


@dataclass(frozen=True, slots=True)
class TextResult:
    """What was measured. Args: points: the dense model first; times: empty if decoding was not timed; options: of the evaluation."""

    points: "Sequence[TextPoint]"
    times: "Sequence[Timing]"
    options: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The result as JSON."""
        dense, *elastic = self.points
        speedup: dict[str, dict[str, float]] = {}
        for one in self.times:
            if one.method != dense.method:
                speedup.setdefault(str(one.sequences), {})[f"{one.method} {one.budget:g}"] = one.speedup
        return {
            "dense": {"perplexity": dense.perplexity, "tokens": dense.tokens},
            "points": [asdict(point) for point in elastic],
            "decode_speedup": speedup,
            "timing": [asdict(one) for one in self.times],
            "options": self.options,
        }


def measure_text(config: "TextConfig", watcher: "Watcher") -> TextResult:
    """Let the dense model write what `output_dir` lacks of the texts, and measure on them.

    Raises:
        ModelError: a model cannot be used, or there are not so many questions.
    """
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.reader import dense_reader, elastic_readers
    from cloudsim.l2a.evaluation.text_reader import compare
    from cloudsim.l2a.evaluation.timing import time_decoding

    bench = Bench(WeightsFolder(Path(config.checkpoint)))
    parts = [part for part in (NESTED, FAITHFUL) if part in bench.weights.parts]
    if not parts:
        raise ModelError(f"{config.checkpoint}: holds no elastic model; give the model/ folder of a finished retrofit")
    with torch_threads(config.threads):
        texts = _texts(bench, config, watcher)
        dense = dense_reader(bench)
        watcher.begin("reading", 1)
        points = compare(dense, [dense, *elastic_readers(bench, parts, config.budgets)], texts, config.batch, bench.cost)
        watcher.finished("reading", 0)
        times: list[Timing] = []
        if config.timing is not None:
            watcher.begin("decode time", len(config.timing.batches))
            readers = [dense, *elastic_readers(bench, parts, config.timing.budgets)]
            times = time_decoding(readers, texts, config.timing, lambda done: watcher.finished(done, 0))
    return TextResult(points, times, config.model_dump(by_alias=True, exclude={"json_output", "output_dir"}))


def _texts(bench: "Bench", config: "TextConfig", watcher: "Watcher") -> "list[Question]":
    """Held-out texts as questions, each with the text as its worked answer."""
    from cloudsim.l2a.data.base_tokenizer import base_tokenizer
    from cloudsim.l2a.data.self_text import SelfText, Writing
    from cloudsim.l2a.tasks.problem import Problem
    from cloudsim.l2a.tasks.suite import Question

    writing = Writing(config.new_tokens, config.temperature, config.top_p, config.seed)
    text, folder = SelfText(bench.dense, base_tokenizer(bench.dense), writing, held_out=True), Path(config.output_dir)
    text.check(config.texts)
    blocks = range(text.blocks(config.texts))
    watcher.begin("texts", len(text.missing(folder, blocks)))
    text.write(folder, blocks, lambda tokens: watcher.finished(f"texts of {tokens:,} tokens", 0))
    read, nothing = text.read(folder, config.texts), Problem("self-text", 1, "", (), (), "", "")
    return [Question(nothing, tuple(row.prompt), tuple(row.completion), len(row.completion)) for row in read]


def point_table(points: "Sequence[TextPoint]") -> "Table":
    """Closeness to the dense model."""
    from rich.table import Table

    shown = Table(title=f"held-out text of the dense model, {points[0].tokens:,} tokens")
    shown.add_column("method", no_wrap=True)
    for head in ("b", "KL (nats)", "95 %", "same token", "95 %", "perplexity", "to dense", "layers skipped", "heads skipped", "compute"):
        shown.add_column(head, justify="right")
    for point in points:
        shown.add_row(
            point.method, f"{point.budget:g}", f"{point.kl:.4f}", f"{point.kl_ci95[0]:.4f}–{point.kl_ci95[1]:.4f}",
            percent(point.agreement), f"{100 * point.agreement_ci95[0]:.1f}–{100 * point.agreement_ci95[1]:.1f}",
            f"{point.perplexity:.3f}", f"{point.perplexity_ratio:.3f}×", percent(point.layer_sparsity), percent(point.head_sparsity),
            percent(point.compute_share),
        )  # fmt: skip
    return shown
