import copy

import pytest

from cloudsim.report.measures import headline, in_order
from cloudsim.report.verdict import verdict_info
from cloudsim.report.verdict_table import verdict_section
from cloudsim.report.verdict_words import sentences


def entry(mean, low=None, high=None, difference=None):
    return {"mean": mean, "ci95": None if low is None else [low, high], "seeds": [mean, mean], "difference": difference}


def document(**contenders):
    return {"schema_version": 1, "reference": next(iter(contenders)), "contenders": contenders}


def difference(mean, low, high):
    return {"mean": mean, "ci95": [low, high]}


def test_cells_hold_the_numbers_of_the_summary(folder):
    verdict = verdict_info(folder.summary)
    for name, metrics in folder.summary["contenders"].items():
        for key, expected in metrics.items():
            cell = verdict.cells[name, key]
            assert cell.value.mean == expected["mean"]
            assert [cell.value.low, cell.value.high] == (expected["ci95"] or [None, None])
            if name == folder.summary["reference"]:
                assert cell.difference is None
            else:
                assert cell.difference.mean == expected["difference"]["mean"]
    assert verdict.seeds == 3


def test_best_is_highest_or_lowest_by_metric_and_shared_by_equals():
    both = {"sla_attainment": entry(0.9), "cost_usd": entry(5.0), "lost": entry(0.0), "preemptions": entry(3.0)}
    other = {"sla_attainment": entry(0.8), "cost_usd": entry(4.0), "lost": entry(0.0), "preemptions": entry(1.0)}
    verdict = verdict_info(document(a=both, b=both, c=other))
    best = {key: [name for name in "abc" if verdict.cells[name, key].best] for key in both}
    assert best == {"sla_attainment": ["a", "b"], "cost_usd": ["c"], "lost": [], "preemptions": []}


@pytest.mark.parametrize(("low", "high", "clear"), [(0.01, 0.05, True), (-0.05, -0.01, True), (-0.01, 0.05, False), (0.0, 0.1, False)])
def test_difference_is_clear_only_if_its_interval_excludes_zero(low, high, clear):
    verdict = verdict_info(document(a={"quality": entry(0.5)}, b={"quality": entry(0.5, 0.4, 0.6, difference(0.02, low, high))}))
    assert verdict.cells["b", "quality"].difference.clear is clear


def test_words_name_winners_and_say_whether_the_gap_is_clear():
    def made(low, high):
        return verdict_info(
            document(
                slow={"sla_attainment": entry(0.8, 0.7, 0.9), "quality": entry(0.5), "cost_usd_per_1000_met": entry(2.0)},
                fast={
                    "sla_attainment": entry(0.9, 0.8, 1.0, difference(0.1, low, high)),
                    "quality": entry(0.4),
                    "cost_usd_per_1000_met": entry(1.0),
                },
            )
        )

    text = sentences(made(0.05, 0.15))
    assert "fast keeps the SLA most often: 90.0\N{NO-BREAK SPACE}%" in text[0]
    assert "10.0\N{NO-BREAK SPACE}points more than slow, a clear difference" in text[0]
    assert "may be chance" in sentences(made(-0.05, 0.25))[0]
    assert "fast is the cheapest per 1,000 requests within their SLA ($1.00); slow is the best in answer quality" in text[1]


def test_words_doubt_a_winner_whose_lead_may_be_chance():
    verdict = verdict_info(
        document(
            a={"sla_attainment": entry(0.8), "quality": entry(0.5)},
            b={"sla_attainment": entry(0.7), "quality": entry(0.6, 0.4, 0.8, difference(0.1, -0.1, 0.3))},
        )
    )
    assert "b is the best in answer quality (60.0\N{NO-BREAK SPACE}%, not clearly apart from a)" in sentences(verdict)[1]


def test_words_when_the_reference_wins_compare_with_the_runner_up():
    verdict = verdict_info(
        document(
            a={"sla_attainment": entry(0.9, 0.8, 1.0)},
            b={"sla_attainment": entry(0.5, 0.4, 0.6, difference(-0.4, -0.5, -0.3))},
            c={"sla_attainment": entry(0.7, 0.6, 0.8, difference(-0.2, -0.3, -0.1))},
        )
    )
    assert "a keeps the SLA most often" in sentences(verdict)[0]
    assert "20.0\N{NO-BREAK SPACE}points more than c, a clear difference" in sentences(verdict)[0]


def test_words_without_data_or_rivals():
    nothing = {"sla_attainment": entry(None), "quality": entry(None)}
    assert sentences(verdict_info(document(a=nothing, b=nothing))) == ["No request ended, so no contender has an SLA attainment."]
    alone = sentences(verdict_info(document(a={"sla_attainment": {**entry(0.9), "seeds": [0.9]}})))
    assert "Only one contender, a" in alone[0]
    assert "no confidence interval" in alone[1]


def test_table_marks_direction_of_clear_differences():
    metrics = {"sla_attainment": entry(0.9), "cost_usd": entry(5.0)}
    worse = {
        "sla_attainment": entry(0.8, 0.7, 0.9, difference(-0.1, -0.2, -0.05)),
        "cost_usd": entry(4.0, 3.0, 5.0, difference(-1.0, -2.0, -0.5)),
    }
    html = verdict_section(verdict_info(document(a=metrics, b=worse))).html
    assert '<span class="difference worse"><span title="worse">▼</span> \N{MINUS SIGN}10.0\N{NO-BREAK SPACE}pp</span>' in html
    assert '<span class="difference better"><span title="better">▲</span> \N{MINUS SIGN}$1.00</span>' in html


def test_every_metric_has_a_place_and_tiers_follow_the_sla(folder):
    keys = list(next(iter(folder.summary["contenders"].values())))
    ordered = [item.key for item in in_order([*keys, "a_metric_of_tomorrow"])]
    assert sorted(ordered) == sorted([*keys, "a_metric_of_tomorrow"])
    assert ordered[:4] == ["sla_attainment", "sla_attainment_premium", "sla_attainment_standard", "sla_attainment_free"]
    assert "ttft_p99_s" in [item.key for item in headline(keys)]


def test_summary_is_not_changed(folder):
    before = copy.deepcopy(folder.summary)
    verdict_section(verdict_info(folder.summary))
    assert folder.summary == before
