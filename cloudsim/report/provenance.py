"""Where the numbers of a run come from: inputs, versions, seeds and the configuration."""

from collections.abc import Mapping
from typing import Any

from cloudsim.report.figure import Section
from cloudsim.report.wording import NOTHING, markup

MEANINGS = {
    "measured": "measured by us on the hardware named",
    "published": "taken from a published source",
    "projected": "carried over from a measured or published case to another one",
    "assumed": "a plausible value without a source",
}


def provenance_section(manifest: Mapping[str, Any], config: Mapping[str, Any]) -> Section:
    """Tables of the inputs and of the software, and the configuration folded away."""
    worst = str(manifest.get("weakest_provenance", "measured"))
    weakest = (
        f'<p>The weakest claim behind these results is <strong class="badge {markup(worst)}">{markup(worst)}</strong>'
        f" ({markup(MEANINGS.get(worst, 'of unknown strength'))}). A result is only as sound as that.</p>"
    )
    broken, inputs = _breaches(manifest.get("breaches", [])), _inputs(manifest.get("inputs", []), worst)
    html = f"{broken}{weakest}{inputs}{_software(manifest)}{_configuration(config)}"
    return Section("provenance", "Provenance", "", html=html)


def _inputs(inputs: list[Mapping[str, Any]], worst: str) -> str:
    if not inputs:
        return "<p>The manifest lists no inputs.</p>"
    rows = []
    for item in inputs:
        claim = str(item["provenance"])
        digest = item.get("sha256")
        short = NOTHING if not digest else f'<code title="{markup(digest)}">{markup(digest[:12])}…</code>'
        badge = f'<span class="badge {markup(claim)}">{markup(claim)}</span>'
        rows.append(
            f'<tr{" class=weakest" if claim == worst else ""}><th scope="row">{markup(item["name"])}</th>'
            f'<td>{badge}</td><td class="long">{markup(item["origin"])}</td><td>{short}</td></tr>'
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Input", "Provenance", "Origin", "SHA-256"))
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Inputs"><table class="words"><thead>'
        f"<tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _breaches(breaches: list[Mapping[str, Any]]) -> str:
    """A warning where defaults stood in for policies that broke their contract."""
    told = "".join(
        f"<li>{markup(one['contender'])}: {markup(one['kind'])} {markup(one['policy'])}, {one['count']:,} times; "
        f"first: {markup(one['first'])}</li>"
        for one in breaches
    )
    return f"<p><strong>Policies broke their contract, and defaults were taken instead:</strong></p><ul>{told}</ul>" if told else ""


def _software(manifest: Mapping[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in sorted(manifest.get("packages", {}).items()))
    facts = {
        "Created": manifest.get("created"),
        "cloudsim": manifest.get("cloudsim_version"),
        "Python": manifest.get("python"),
        "Platform": manifest.get("platform"),
        "Packages": packages,
        "Root seed": manifest.get("seed"),
        "Replications (seeds)": manifest.get("seeds"),
    }
    rows = "".join(f"<div><dt>{name}</dt><dd>{markup(value)}</dd></div>" for name, value in facts.items() if value not in (None, ""))
    return f'<dl class="facts">{rows}</dl>'


def _configuration(config: Mapping[str, Any]) -> str:
    import yaml

    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True, width=100)
    return (
        "<details><summary>Configuration of the run (YAML)</summary>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="Configuration"><pre>{markup(text)}</pre></div></details>'
    )
