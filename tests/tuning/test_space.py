"""What may be searched: files of parameters, and what is said of those that make no sense."""

from pathlib import Path

import pytest
import yaml

from cloudsim.composition.overrides import Composer
from cloudsim.errors import ConfigError
from cloudsim.tuning.space import GENERIC, Choices, Range, changed, read_space, value_at
from tests.cluster.scenario import contender, preset

ROOT = Path(__file__).parents[2] / "experiments"
SHIPPED = sorted(file.stem for file in (ROOT / "tuning").glob("*.yaml"))


def read(name, tree, file=None):
    with Composer() as composer:
        return read_space(composer, name, tree, file)


def fleet(**kinds):
    return contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 6)}, **kinds)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_space_is_of_a_shipped_contender_and_has_its_own_values_inside(name):
    with Composer() as composer:
        tree = composer.compose([f"+contender@contenders.{name}={name}"]).tree["contenders"][name]
        space = read_space(composer, name, tree, None)
    assert space.internal({key: value_at(tree, key) for key in space.parameters}) is not None
    assert list(space.distributions()) == list(space.parameters)


@pytest.mark.parametrize("kind", sorted(file.stem for file in (ROOT / GENERIC).glob("*.yaml")))
def test_every_generic_parameter_is_an_argument_of_a_shipped_policy(kind):
    for key in yaml.safe_load((ROOT / GENERIC / f"{kind}.yaml").read_text()):
        policy, _, argument = key.partition(".")
        assert value_at(preset(kind, policy), argument) is not None


def test_a_contender_without_a_file_has_the_parameters_of_its_policies():
    space = read("mine", fleet(budget="fixed", routing="tier_bands", admission="deadline"))
    assert "budget.budget" in space.parameters
    assert "routing.slack" in space.parameters
    assert "admission.slack" in space.parameters
    assert not any(key.startswith("budget.headroom") for key in space.parameters)


def test_nothing_to_tune_is_told():
    plain = fleet(budget="full", routing="round_robin", provisioning="on_demand")
    with pytest.raises(ConfigError, match=r"contender mine: nothing to tune; there is no tuning/mine.yaml"):
        read("mine", plain)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budget.budgte: {low: 0.5, high: 1.0}", r"contender mine has no such key; did you mean budget.budget\?"),
        ("budget.budget: {low: 1.0, high: 0.5}", r"low \(1.0\) must be below high \(0.5\)"),
        ("budget.budget: {low: 0, high: 1.0, log: true}", r"a logarithmic scale begins above 0; low is 0"),
        ("budget.budget: {choices: [1.0]}", r"budget.budget.choices: "),
        ("budget.budget: {low: 0.5}", r"budget.budget.high: Field required"),
        ("budget.budget: 0.5", r"accepted: low and high, with log, or choices"),
        ("- budget", r"no parameters; expected lines such as"),
        ("a: {", r"not YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path, text, said):
    file = tmp_path / "space.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read("mine", fleet(budget="fixed"), file)


def test_values_in_lists_are_changed_and_the_original_stays():
    tree = {"routing": {"thresholds": [0.3, 0.1, 0.0], "busy": 3}}
    made = changed(tree, {"routing.thresholds.1": 0.2, "routing.busy": 5})
    assert made == {"routing": {"thresholds": [0.3, 0.2, 0.0], "busy": 5}}
    assert tree["routing"]["thresholds"] == [0.3, 0.1, 0.0]
    with pytest.raises(KeyError):
        changed(tree, {"routing.thresholds.3": 1.0})


def test_whole_limits_mean_whole_numbers():
    assert Range(low=1, high=3).whole
    assert not Range(low=1, high=3.0).whole
    assert Choices(choices=[True, [1, 2]]).choices == [True, [1, 2]]
