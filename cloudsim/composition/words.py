"""KEY=VALUE words of a command line that is no configuration of Hydra."""

from collections.abc import Mapping, Sequence

from cloudsim.composition.spelling import did_you_mean


def read_words(words: Sequence[str], keys: Mapping[str, str], needed: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The values by key, and everything that is wrong with the words.

    Args:
        keys: all keys there are, with what each is for.
        needed: those that have to be given.
    """
    problems, given = [], dict[str, str]()
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            problems.append(f"{word}: expected KEY=VALUE; keys: {', '.join(keys)}")
        elif key not in keys:
            problems.append(f"{key}: there is no such key; {did_you_mean(key, keys)}keys: {', '.join(keys)}")
        else:
            given[key] = value
    problems += [f"{key}: missing; write {key}=…, {keys[key]}" for key in needed if not given.get(key)]
    return given, problems
