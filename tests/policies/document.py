"""Writes docs/policies.md: every policy with its rule, its source and its rank in the league of its kind.

    python -m tests.policies.document                      # the page, with the ranks that are stored
    python -m tests.policies.document runs/league/*        # the same, after leagues have been played
"""

import csv
import json
import sys
from pathlib import Path

import yaml

from cloudsim.composition.components import POLICIES
from cloudsim.composition.entries import policy_entries
from cloudsim.composition.overrides import Composer

ROOT = Path(__file__).parents[2]
PAGE, RANKS = ROOT / "docs/policies.md", ROOT / "docs/policies_league.csv"
COLUMNS = ("kind", "policy", "rank", "mean_regret", "scenarios", "seeds", "minutes")
WORDS = {
    "admission": "Whether a request that arrives is served at all.",
    "routing": "Which replica serves a request, of whichever model; some look at the answer and send it on.",
    "budget": "How much of an elastic model's compute a request may use.",
    "effort": "How much of its reasoning a request may write. Without one the level of the budget says so.",
    "scheduling": "In which order a replica serves its requests, and who gives way. Without one it is vLLM's first come, first served.",
    "notice": "What becomes of running requests on a node that is about to be reclaimed.",
    "scaling": "How many instances each pool should have. Without one it keeps the configured number.",
    "provisioning": "Which instances the fleet asks for, in which zone and on which market.",
    "cache": "Whose keys and values a replica keeps once their request is complete. Without one it keeps none.",
}
HEAD = """# Policies

Every decision of a fleet is a policy: a class with one method and an entry in `experiments/KIND`. Choose one with
`KIND@contenders.NAME.KIND=ENTRY`, as in

```
python -m cloudsim run +experiment=spot_preemption routing@contenders.l2a.routing=power_of_two
python -m cloudsim policies list            # this page in the terminal, your own policies included (--config-dir)
python -m cloudsim policies check budget    # whether they keep their contracts, and how long a decision takes
python -m cloudsim league budget            # the ranks below
```

[write_a_policy.md](write_a_policy.md) adds one of your own. **Rank** is that in the league of the kind ([league.md](league.md) says what is
scored): by mean regret over the scenarios, which stands beside it; equal regrets share a rank. Bounds know what nobody can know and have
no rank. Where ranks lie close they say little: `league.html` has the paired intervals. Policies have the settings of their entries, which
were not tuned for the league.
"""
TABLE = "| entry | rule | source | rank | regret |\n|---|---|---|---|---|\n"


def page(entries, ranks):
    """The text of the page."""
    parts = [HEAD]
    for kind in POLICIES:
        mine = [entry for entry in entries if entry.kind == kind]
        played = [row for row in ranks if row["kind"] == kind]
        told = f" {_played(played[0])}" if played else ""
        parts.append(f"\n## {kind.capitalize()}\n\n{WORDS[kind]}{told}\n\n{TABLE}")
        parts += [_row(entry, next((row for row in played if row["policy"] == entry.name), None)) for entry in mine]
    return "".join(parts)


def _played(row):
    return f"League of {row['scenarios']} scenarios, {row['seeds']} seeds each, {row['minutes']} minutes of traffic."


def _row(entry, row):
    bound = f"a bound: knows {', '.join(entry.oracle)}" if entry.oracle else ""
    rank = bound or (row["rank"] if row else "")
    regret = f"{round(100 * float(row['mean_regret']), 1) + 0.0:.1f} %" if row and row["mean_regret"] else ""
    return f"| `{entry.name}` | {entry.rule.replace('|', chr(92) + '|')} | {entry.source} | {rank} | {regret} |\n"


def stored():
    """The ranks of leagues that were played."""
    with RANKS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def store(folders):
    """Put the ranks of leagues in place of the stored ones of their kinds."""
    rows = stored() if RANKS.is_file() else []
    for folder in folders:
        league = json.loads((Path(folder) / "league.json").read_text(encoding="utf-8"))
        rows = [row for row in rows if row["kind"] != league["kind"]]
        seeds = next(iter(league["scenarios"].values()))["seeds"]
        lengths_s = [yaml.safe_load((Path(folder) / name / "config.yaml").read_text())["duration_s"] for name in league["scenarios"]]
        minutes = [f"{length_s / 60:.0f}" for length_s in (min(lengths_s), max(lengths_s))]
        rows += [
            {
                "kind": league["kind"], "policy": one["policy"], "rank": "" if one["rank"] is None else one["rank"],
                "mean_regret": "" if one["mean_regret"] is None else f"{one['mean_regret']:.4f}",
                "scenarios": len(league["scenarios"]), "seeds": seeds, "minutes": " to ".join(dict.fromkeys(minutes)),
            }
            for one in league["policies"]
        ]  # fmt: skip
    rows.sort(key=lambda row: (POLICIES.index(row["kind"]), row["rank"] == "", int(row["rank"] or 0), row["policy"]))
    with RANKS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def shipped():
    """All entries that ship."""
    with Composer() as composer:
        return policy_entries(composer)


if __name__ == "__main__":
    if sys.argv[1:]:
        store(sys.argv[1:])
    PAGE.write_text(page(shipped(), stored()), encoding="utf-8")
