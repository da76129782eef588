"""Says in one line why Hydra could not apply an override, and what would be accepted."""

from collections.abc import Callable, Mapping, Sequence

from hydra.core.override_parser.types import Override
from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf

from cloudsim.composition.components import argument_names
from cloudsim.composition.spelling import did_you_mean

Options = Callable[[str], list[str]]


def explain(overrides: Sequence[Override], errors: Mapping[str, Exception], config: DictConfig, options: Options) -> list[str]:
    """One line for each of `overrides`, but for those that only fail because another choice did.

    Args:
        overrides: those that could not be applied.
        errors: by the words of the override, what Hydra said.
        config: what the other overrides compose to, with Hydra's own node.
        options: the choices of a configuration group.
    """
    groups = [override for override in overrides if options(override.key_or_group)]
    missing = {override.package or override.key_or_group for override in groups}
    lines = [_group_line(override, errors[_words(override)], config, options(override.key_or_group)) for override in groups]
    for override in overrides:
        if override in groups:
            continue
        key = override.key_or_group
        # An experiment brings keys anywhere, so an unknown key says nothing while the experiment itself is unknown.
        follows = any(key.startswith(f"{name}.") for name in missing) or ("experiment" in missing and key.split(".")[0] == "contenders")
        if not follows:
            lines.append(_key_line(override, errors[_words(override)], config, options))
    return lines


def one_line(error: Exception) -> str:
    """What Hydra said, and why, in one line."""
    said = [str(one) for one in (error, error.__cause__) if one is not None]
    return " ".join(" ".join(said).split())


def _words(override: Override) -> str:
    assert override.input_line is not None, "only overrides read from words are explained"
    return override.input_line


def _group_line(override: Override, error: Exception, config: DictConfig, choices: list[str]) -> str:
    words, group = _words(override), override.key_or_group
    value = override.value()
    unknown = [name for name in (value if isinstance(value, list) else [value]) if name not in choices]
    if unknown:
        return f"{words}: {group} has no choice {unknown[0]!r}; {did_you_mean(str(unknown[0]), choices)}accepted: {', '.join(choices)}"
    name = group if override.package is None else f"{group}@{override.package}"
    known = sorted(choice for choice in config.hydra.runtime.choices if choice.split("@")[0] == group)
    if isinstance(error, MissingConfigException) or (name in known and not override.is_add()):
        return f"{words}: {one_line(error)}"  # the chosen file itself cannot be composed
    if override.is_add():
        return f"{words}: {name} has a choice already; write it without +" if name in known else f"{words}: {one_line(error)}"
    if not known and override.package is None:
        return f"{words}: no {group} is chosen by default; write +{words}"
    return f"{words}: there is no {name} to choose; {did_you_mean(name, known)}known: {', '.join(known) or 'none'}"


def _key_line(override: Override, error: Exception, config: DictConfig, options: Options) -> str:
    words, key = _words(override), override.key_or_group
    if "@" in words.split("=")[0]:
        return f"{words}: there is no configuration group {key!r}"
    if override.is_add() and OmegaConf.select(config, key) is not None:
        return f"{words}: {key} is there already; write it without +"
    parts = key.split(".")
    depth = next((n for n in range(len(parts), 0, -1) if OmegaConf.is_dict(OmegaConf.select(config, ".".join(parts[:n])))), 0)
    parent = OmegaConf.select(config, ".".join(parts[:depth])) if depth else config
    known = [str(name) for name in parent if name != "hydra"]
    if depth == len(parts):
        value = override.value()
        added = [str(name) for name in value if str(name) not in known] if isinstance(value, dict) else []
        return f"{words}: {key} has no {', '.join(added)}; write +{words} to add it" if added else f"{words}: {one_line(error)}"
    if depth < len(parts) - 1 and parts[depth] in known:
        return f"{words}: {'.'.join(parts[: depth + 1])} is a single value and has no keys"
    if depth == len(parts) - 1 and "_target_" in parent and parts[-1] in argument_names(str(parent["_target_"])):
        return f"{words}: {key} has no value in the files; write +{words} to add it"
    add = f"; to add an entry write +{words}" if parts[depth - 1 : depth] in (["tiers"], ["contenders"], ["pools"]) else ""
    return f"{words}: {_unknown_key(parts, depth, known)}{add}"


def _unknown_key(parts: Sequence[str], depth: int, known: Sequence[str]) -> str:
    """What to say of the key `parts` whose first `depth` parts exist and hold the keys `known`."""
    prefix = ".".join(parts[:depth])
    hint = did_you_mean(parts[depth], known, parts[:depth], parts[depth + 1 :])
    where = f"{prefix} has" if prefix else "accepted"
    return f"unknown key; {hint}{where}{':' if not prefix else ''} {', '.join(known) or 'no keys'}"
