"""A written problem: its share, its difficulty, its completion, and which answers count."""

import pytest

from cloudsim.l2a.data.written import WrittenProblem, plain
from cloudsim.l2a.tasks.families import families, held_out


def problem(answer: str = "72", reasoning: str = "a\n\nb\n", question: str = "q") -> WrittenProblem:
    return WrittenProblem(question, reasoning, answer, "mine.jsonl:1")


def test_difficulty_counts_lines_that_are_not_blank():
    assert (problem().difficulty, problem(reasoning="").difficulty, problem(reasoning="a").difficulty) == (2, 1, 1)


def test_the_completion():
    assert problem(reasoning="so").completion == "<think>so</think><answer>72</answer>"


def test_the_held_out_share_is_that_of_the_procedural_problems():
    drawn = held_out(list(families().values()), 40, 0)
    assert all(problem(question=each.question).held_out for each in drawn)
    assert 90 < sum(problem(question=f"How many are {number}?").held_out for number in range(1000)) < 160


@pytest.mark.parametrize(
    ("answer", "text", "right"),
    [
        ("72", "so</think><answer>72</answer>", True),
        ("72", "<answer> 7 2 </answer> <eos>", True),
        ("72", "<answer>72.0</answer>", True),
        ("72", "<answer>$72.</answer>", True),
        ("1080", "<answer>1,080</answer>", True),
        ("8.50", "<answer>8.5</answer>", True),
        ("72", "<answer>73</answer>", False),
        ("72", "<answer>72</answer><answer>73</answer>", True),
        ("72", "<answer>73</answer><answer>72</answer>", False),
        ("72", "<answer>72", False),
        ("72", "72", False),
        ("72", "<answer></answer>", False),
        ("new york", "<answer> New  York. </answer>", True),
        ("red", "<answer>blue</answer>", False),
        ("nan", "<answer>NaN</answer>", True),
        ("1 000 red", "<answer>1000 red</answer>", False),
    ],
)
def test_which_answers_are_right(answer, text, right):
    assert problem(answer).answered_by(text) is right


def test_plain_touches_numbers_only():
    assert [plain(text) for text in (" 1,080 ", "-1,234,567.5", "a, b", "1,2", "12,3456")] == [
        "1080",
        "-1234567.5",
        "a, b",
        "1,2",
        "12,3456",
    ]
