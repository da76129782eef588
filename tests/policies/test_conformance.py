"""Every policy that ships conforms; and each check finds the policy that breaks its rule."""

import pytest

from cloudsim.components import create
from cloudsim.composition.entries import policy_entries
from cloudsim.composition.overrides import Composer
from cloudsim.config import Component
from cloudsim.testing import CHECKS, check, conformance
from cloudsim.testing.kinds import KINDS

POOLS = {f"routing/{name}": 3 for name in ("model_by_difficulty", "by_tier", "cascade", "acar", "odar", "green_serv", "amro_s",
                                             "task_budget")}  # fmt: skip
"""Policies that are made for fleets of several models."""

with Composer() as composer:
    ENTRIES = {f"{entry.kind}/{entry.name}": entry for entry in policy_entries(composer, tuple(KINDS))}


@pytest.mark.parametrize("rule", CHECKS, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", ENTRIES)
def test_every_policy_that_ships_conforms(name, rule):
    entry = ENTRIES[name]
    component = Component.model_validate(dict(entry.component))
    assert rule(entry.kind, lambda: create(component, name), POOLS.get(name, 1)) == []


@pytest.mark.parametrize("name", ENTRIES)
def test_every_policy_that_ships_names_its_source_and_what_it_looks_at(name):
    entry = ENTRIES[name]
    assert not entry.problem
    assert entry.source
    assert entry.rule.endswith(".")
    assert entry.observes is not None


class Wrong:
    """A budget policy that breaks one rule."""

    observes = ("request.tier",)
    monotone = {"replica.queued_tokens": -1}  # noqa: RUF012
    made = 0

    def __init__(self, rule):
        type(self).made += 1
        self.rule, self.number = rule, type(self).made

    def budget(self, request, replica, fleet):
        if self.rule == "keeps_to_its_range" and replica.queued_tokens > 1e6:
            return 1 / 0
        if self.rule == "is_deterministic":
            return 1.0 / self.number
        if self.rule == "only_reads":
            replica._replica.outstanding = 0
        if self.rule == "observes_what_it_declares":
            return 1.0 if request.difficulty_seen > 0.5 else 0.5
        if self.rule == "is_monotone_where_it_says":
            return 0.5 if replica.queued_tokens < 1000 else 1.0
        return 1.0


@pytest.mark.parametrize("rule", CHECKS, ids=lambda rule: rule.__name__)
def test_each_check_finds_who_breaks_its_rule(rule):
    Wrong.observes = ("request.tier",) if rule.__name__ == "observes_what_it_declares" else None
    found = check("budget", lambda: Wrong(rule.__name__))
    assert found
    assert {problem.partition(":")[0] for problem in found} == {rule.__name__}


def test_an_oracle_must_say_so():
    class Knows:
        def budget(self, request, replica, fleet):
            return 1.0 if request.full_output_tokens > 10 else 0.5

    [problem] = check("budget", Knows)
    assert "declare oracle = ('length',)" in problem
    Knows.oracle = ("length",)
    assert check("budget", Knows) == []


test_it_is_one_line_for_a_policy_of_ones_own = conformance("budget", "policies.budget.fixed.Fixed", budget=0.5)
