"""Written problems as tokens of any Hugging Face tokenizer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloudsim.l2a.data.written import WrittenProblem
from cloudsim.l2a.tasks.batches import Batch, Example, micro_batches

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

THINK = "<think>"


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a problem is put to a model, and what the model should write: `<think>…</think><answer>…</answer>`.

    The prompt ends with `<think>`, the completion with the end-of-text token. Prompt, reasoning, `</think><answer>` and the rest are turned
    into tokens one by one, since a gate that ends the reasoning puts in exactly the tokens of `</think><answer>`.

    Args:
        tokenizer: its chat template is used where it has one; else the question stands on a line of its own.
    """

    tokenizer: "PreTrainedTokenizerBase"

    def prompt(self, question: str) -> list[int]:
        """Tokens of a question as the model is given it."""
        text = self._chat(question)
        opened = text.rstrip().endswith(THINK)
        return self._opening(question, text) + ([] if opened else self._encode(THINK))

    def plain_prompt(self, question: str) -> list[int]:
        """Tokens of a question to a model that answers as it likes, without `<think>`."""
        return self._opening(question, self._chat(question))

    def example(self, problem: WrittenProblem) -> Example:
        """Prompt and completion of a problem; all of its reasoning is needed for the answer."""
        reasoning = self._encode(problem.reasoning) if problem.reasoning else []
        ending = self._encode("</think><answer>") + self._encode(problem.answer) + self._encode("</answer>")
        if self.tokenizer.eos_token_id is not None:
            ending.append(int(self.tokenizer.eos_token_id))
        return Example(self.prompt(problem.question), reasoning + ending, len(reasoning), len(reasoning), 1.0)

    def batches(self, examples: Iterable[Example], rows: int) -> list[Batch]:
        """Micro-batches; padded with the end of text where the tokenizer has no padding, which no target sees."""
        padding = next((token for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id) if token is not None), 0)
        return micro_batches(examples, rows, int(padding))

    def unknown(self, problem: WrittenProblem) -> list[str]:
        """Words of a problem that the tokenizer does not have; none for tokenizers that fall back to bytes."""
        missing = self.tokenizer.unk_token_id
        text = f"{problem.question} {problem.reasoning} {problem.answer}"
        if missing is None or missing not in self._encode(text):
            return []
        return [word for word in dict.fromkeys(text.split()) if missing in self._encode(word)]

    def _chat(self, question: str) -> str:
        """The question as the chat template puts it; empty where there is none."""
        if not self.tokenizer.chat_template:
            return ""
        message = [{"role": "user", "content": question}]
        return str(self.tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=False))

    def _opening(self, question: str, chat: str) -> list[int]:
        if chat:
            return self._encode(chat)
        first = [] if self.tokenizer.bos_token_id is None else [int(self.tokenizer.bos_token_id)]
        return first + self._encode(f"{question}\n")

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))
