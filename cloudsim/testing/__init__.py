"""Checks that hold any policy to its contract, for the policies that ship and for your own.

    from cloudsim.testing import conformance

    test_by_tier = conformance("budget", "my_policy.ByTier", budgets=[1.0, 0.9, 0.8])

makes pytest ask the policy on made-up fleets, idle, overloaded and extreme ones: is it deterministic, does it only read, does it keep to
its range, look at no more than it declares (`observes`), and follow what it claims to be monotone in (`monotone`)?
"""

from cloudsim.testing.conformance import CHECKS, check, conformance, microseconds

__all__ = ["CHECKS", "check", "conformance", "microseconds"]
