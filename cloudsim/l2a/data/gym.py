"""Problems of `reasoning-gym` (Apache-2.0, github.com/open-thought/reasoning-gym): tests that others wrote."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import count as count_from
from typing import Any

from cloudsim.errors import ModelError
from cloudsim.l2a.data.sums import chain, retell, terms
from cloudsim.l2a.data.written import WrittenProblem, plain
from cloudsim.l2a.tasks.problem import Problem

DATASETS = ("gsm_symbolic", "chain_sum", "basic_arithmetic")
INSTALL = 'pip install -c constraints.txt -e ".[outside]"'
SEED_STRIDE = 1 << 32
HARDEST = 5
TRIES = 256


def gym_problems(name: str, count: int, seed: int = 0, **options: Any) -> Iterator[WrittenProblem]:
    """The first `count` problems of a data set; equal arguments give equal problems in any process.

    Chains come from the item where it has one (`gsm_symbolic`); plain sums are worked from left to right; others have none.

    Args:
        name: of the data set; `DATASETS` are those whose answers are numbers or words.
        count: problems, from 1.
        seed: from 0. Items of different seeds are independent: the package itself gives item i of seed s and item i − 1 of seed s + 1
            the same random numbers, so seeds are kept 2^32 apart here.
        options: of the data set, such as `max_terms`.

    Raises:
        ModelError: the package is missing, there is no such data set, or an argument or option is wrong.
    """
    if count < 1 or count > SEED_STRIDE or seed < 0:
        raise ModelError(f"{name}: found count={count} and seed={seed}; accepted are a count from 1 to 2^32 and a seed from 0")
    items = _data_set(name, count, seed, options)
    return (_written(items[index], f"{name} {index}") for index in range(count))


def retold_sums(count: int, seed: int = 0, story: str = "ledger") -> list[Problem]:
    """`count` different sums of `chain_sum` in the words of the embedded model, difficulties 1 to 5 in equal shares.

    Raises:
        ModelError: the package is missing, no such story, or there are not that many.
    """
    streams = [
        gym_problems("chain_sum", count * TRIES, seed, min_terms=size + 1, max_terms=size + 1, min_digits=1, max_digits=2)
        for size in range(1, HARDEST + 1)
    ]
    told: dict[str, Problem] = {}
    for turn in count_from():
        if len(told) == count:
            return list(told.values())
        for problem in streams[turn % HARDEST]:
            found = retell(problem, story)
            if found and found.question not in told:
                told[found.question] = found
                break
        else:
            break
    raise ModelError(f"chain_sum gives only {len(told)} different sums of this kind; accepted is a smaller count than {count}")


def _data_set(name: str, count: int, seed: int, options: dict[str, Any]) -> Any:
    try:
        from reasoning_gym import factory
    except ModuleNotFoundError as error:
        raise ModelError(f"data sets of reasoning-gym need the package ({error.name} is not installed): {INSTALL}") from None
    if name not in factory.DATASETS:
        near = get_close_matches(name, factory.DATASETS, n=3) or DATASETS
        raise ModelError(f"reasoning-gym has no data set {name!r}; did you mean {' or '.join(near)}?")
    configuration = factory.DATASETS[name][1]
    accepted = [key for key in configuration.__dataclass_fields__ if key not in ("seed", "size")]
    if unknown := [key for key in options if key not in accepted]:
        raise ModelError(f"{name}: there is no option {', '.join(unknown)}; there are {', '.join(accepted)}")
    try:
        return factory.create_dataset(name, seed=seed * SEED_STRIDE, size=count, **options)
    except (AssertionError, TypeError, ValueError) as error:
        raise ModelError(f"{name}: the options {options} are not accepted: {error}") from None


def _written(item: dict[str, Any], source: str) -> WrittenProblem:
    question, answer = str(item["question"]).strip(), plain(str(item["answer"]))
    worked = str(item["metadata"].get("answer_cot") or "").rpartition("####")[0].strip()
    sum_terms = terms(question)
    return WrittenProblem(question, worked or (chain(sum_terms) if sum_terms else ""), answer, source)
