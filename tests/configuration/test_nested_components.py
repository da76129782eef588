"""Components in the arguments of components: checked and built, each under its own path."""

import pytest

from cloudsim.components import create
from cloudsim.composition.check import check_tree
from cloudsim.config import Component
from cloudsim.errors import ConfigError
from policies.routing.parts.lower_of_two import LowerOfTwo
from tests.cluster.scenario import preset, tree

HERE = "tests.configuration.test_nested_components"
PATH = "contenders.l2a.routing"


class Holder:
    """Keeps what it is given."""

    def __init__(self, **given):
        self.given = given


class Picky:
    """Takes no number above 3."""

    def __init__(self, number):
        if number > 3:
            raise ValueError(f"number is {number}; it must be at most 3")
        self.number = number


def picky(number):
    return {"_target_": f"{HERE}.Picky", "number": number}


def made(**arguments):
    return create(Component.model_validate({"_target_": f"{HERE}.Holder", **arguments}), "at")


def test_what_the_arguments_name_is_built_in_its_place_however_deep():
    held = {"_target_": f"{HERE}.Holder", "x": picky(0)}
    given = made(one=picky(1), many=[picky(2), {"deep": picky(3)}], plain={"a": [1, "b"]}, held=held).given
    assert (given["one"].number, given["many"][0].number, given["many"][1]["deep"].number) == (1, 2, 3)
    assert given["plain"] == {"a": [1, "b"]}
    assert given["held"].given["x"].number == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"many": [picky(1), {"deep": picky(4)}]}, "at.many.1.deep: tests.configuration.test_nested_components.Picky: number is 4"),
        ({"one": {"_target_": "nothing"}}, "at.one._target_: found 'nothing'; give module.Class"),
        ({"one": {"_target_": 7}}, "at.one._target_: found 7; give module.Class"),
    ],
)
def test_what_cannot_be_built_is_told_with_its_path(arguments, told):
    with pytest.raises(ConfigError) as error:
        made(**arguments)
    assert error.value.problems[0].startswith(told)


def told(change):
    routing = preset("routing", "power_of_two")
    change(routing)
    return [problem for problem in check_tree(tree({PATH: routing}))[1] if problem.path.startswith(PATH)]


def test_a_sound_composition_has_no_problem():
    assert told(lambda routing: None) == []
    assert isinstance(create(Component.model_validate(preset("routing", "power_of_two")["pick"]), PATH), LowerOfTwo)


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (lambda routing: routing["pick"].pop("seed"), "pick.seed", "missing; policies.routing.parts.lower_of_two.LowerOfTwo needs it"),
        (lambda routing: routing["pick"].update(sed=1), "pick.sed", "has no such argument; did you mean seed? accepted: seed"),
        (lambda routing: routing["scores"]["outstanding"].update(_target_="policies.routing.parts.lowest.Lowst"),
         "scores.outstanding._target_", "did you mean"),
        (lambda routing: routing["pick"].update(_target_="lowest"), "pick._target_", "found 'lowest'; give module.Class"),
        (lambda routing: routing["scores"].update(mine={"_target_": None}), "scores.mine._target_", "found None"),
        (lambda routing: routing.update(filters=[{"_target_": "policies.nowhere.Nothing"}]), "filters.0._target_", "cannot import"),
    ],
)  # fmt: skip
def test_a_nested_mistake_is_told_with_its_path_before_the_run(change, path, words):
    [problem] = told(change)
    assert problem.path == f"{PATH}.{path}"
    assert problem.text.startswith(f"{PATH}.{path}: ")
    assert words in problem.text


def test_every_nested_mistake_is_told_at_once():
    def change(routing):
        routing["pick"].pop("seed")
        routing["scores"]["outstanding"]["extra"] = 1
        routing["picks"] = {"_target_": "none.Such"}

    assert {problem.path for problem in told(change)} == {
        f"{PATH}.pick.seed", f"{PATH}.scores.outstanding.extra", f"{PATH}.picks", f"{PATH}.picks._target_"
    }  # fmt: skip
