"""The verdict in plain words, made from the numbers alone."""

from cloudsim.report.verdict import Verdict
from cloudsim.report.wording import listed


def sentences(verdict: Verdict) -> list[str]:
    """The result in plain words, for a reader who skips the table."""
    cells, keys = verdict.cells, {item.key: item for item in verdict.measures}
    if len(verdict.contenders) == 1:
        text = [f"Only one contender, {verdict.reference}, was run: there is nothing to compare it with."]
    else:
        text = [_sla_sentence(verdict)] if "sla_attainment" in keys else []
        words = {
            "correct_goodput_rps": "first in right answers within the SLA",
            "cost_usd_per_1000_met": "the cheapest per 1,000 requests within their SLA",
            "quality": "the best in answer quality",
        }
        parts = []
        for key, praise in words.items():
            best = [name for name in verdict.contenders if key in keys and cells[name, key].best]
            if best:
                shown = keys[key].show(cells[best[0], key].value.mean)
                difference = cells[best[0], key].difference
                alike = difference is not None and difference.low is not None and not difference.clear and verdict.reference not in best
                doubt = f", not clearly apart from {verdict.reference}" if alike else ""
                parts.append(f"{listed(best)} {'is' if len(best) == 1 else 'are'} {praise} ({shown}{doubt})")
        if parts:
            text.append(f"{'; '.join(parts)}.")
    if verdict.seeds == 1:
        text.append("One seed was run, so there is no confidence interval: run more seeds before you trust a ranking.")
    return text


def _sla_sentence(verdict: Verdict) -> str:
    cells, show = (verdict.cells, next(m.show for m in verdict.measures if m.key == "sla_attainment"))
    ranked = [name for name in verdict.contenders if cells[name, "sla_attainment"].value.mean is not None]
    if not ranked:
        return "No request ended, so no contender has an SLA attainment."
    ranked.sort(key=lambda name: -(cells[name, "sla_attainment"].value.mean or 0.0))
    best = [name for name in ranked if cells[name, "sla_attainment"].best]
    if not best:
        return f"All contenders keep their SLA equally often: {show(cells[ranked[0], 'sla_attainment'].value.mean)} of the requests."
    start = f"{listed(best)} {'keeps' if len(best) == 1 else 'keep'} the SLA most often: "
    start += f"{show(cells[best[0], 'sla_attainment'].value.mean)} of the requests that arrived"
    other = next(name for name in ranked if name not in best)
    if verdict.reference not in best:
        compared, difference = (verdict.reference, cells[best[0], "sla_attainment"].difference)
    else:
        compared, difference = other, cells[other, "sla_attainment"].difference
    if difference is None or difference.mean is None:
        return f"{start}."
    gap = show(abs(difference.mean), True).removeprefix("+").replace("pp", "points")
    if difference.low is None:
        sure = ""
    elif difference.clear:
        sure = ", a clear difference (its 95 % interval excludes 0)"
    else:
        sure = ", which may be chance (the 95 % interval of the difference includes 0)"
    return f"{start}, {gap} more than {compared}{sure}."
