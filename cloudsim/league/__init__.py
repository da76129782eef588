"""The policy league: every policy of one kind on every scenario, with the same fleet, traces and random numbers.

`contenders` finds the policies, `match` composes one run for each scenario, `season` runs those that are not there yet, `score` reads
what they gave, `ranking` compares them (`significance` has the statistics), and `document`, `table` and `page` show it.
"""
