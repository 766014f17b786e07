"""The report as one HTML file that opens offline, prints to A4, runs no script, and fetches nothing.

Each piece is a function of the report, so that the web page draws with the same ones; put `CSS` on the page
once and the pieces inside an element of class "hone-report".
"""

import re
from collections.abc import Callable

from hone.evaluation.charts import trend_svg, verdict_mark
from hone.evaluation.figures import (
    number,
    number_range,
    percent,
    plural,
    share_range,
    signed,
)
from hone.evaluation.intervals import Estimate, Interval
from hone.evaluation.keeping_html import keeping_html
from hone.evaluation.markup import escaped, facts, section
from hone.evaluation.people_html import preference_html
from hone.evaluation.report import Report
from hone.evaluation.style import CSS
from hone.evaluation.texts_html import errors_html, examples_html, metrics_html, slices_html
from hone.storage.records import Undefined

KINDS = {"better": "better", "worse": "worse", "cannot tell yet": "unsure"}
WORDS = {"better": "Better", "worse": "Worse", "cannot tell yet": "Cannot tell yet"}
SHORT = 24  # a model name of more characters may break over lines
# No script, no fetch of any kind, even if a text should ever get past the escaping.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render_html(report: Report) -> str:
    """The whole report as one self-contained HTML document; the same report gives the same text."""
    title = f"{report.project}: iteration {report.new.iteration}, {report.verdict.value}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{escaped(title)}</title><style>{CSS}</style></head>"
        f'<body class="hone-report"><main>{report_html(report)}</main></body></html>\n'
    )


def report_html(report: Report) -> str:
    """Everything inside the document's body, in reading order."""
    return "".join(
        (
            heading_html(report),
            verdict_html(report),
            strip_html(report),
            preference_html(report),
            metrics_html(report),
            keeping_html(report),
            errors_html(report),
            slices_html(report),
            examples_html(report),
            trend_html(report),
            data_html(report),
            provenance_html(report),
        )
    )


def heading_html(report: Report) -> str:
    """One quiet line: which project, which models, when."""
    return (
        f'<div class="over"><span><b>{escaped(report.project)}</b>, iteration {report.new.iteration}</span>'
        f"<span>{escaped(report.new.name)} against {escaped(report.old.name)}</span>"
        f"<span>{plural(report.items, 'test item')}</span>"
        f"<span>{report.made_at:%d %B %Y, %H:%M} UTC</span></div>"
    )


def verdict_html(report: Report) -> str:
    """The verdict: one word, one sentence, its reasons, what to do next, and what to know before believing it."""
    verdict = report.verdict
    kind = KINDS[verdict.value]
    reasons = "".join(f"<li>{escaped(reason)}</li>" for reason in verdict.reasons)
    steps = "".join(f"<p><b>Next.</b> {escaped(step)}</p>" for step in verdict.next_steps)
    warnings = "".join(f"<li>{escaped(warning)}</li>" for warning in report.warnings)
    return (
        f'<div class="verdict {kind}"><h1>{verdict_mark(kind)}{WORDS[verdict.value]}</h1>'
        f'<p class="sentence">{_unbroken(verdict.sentence, (report.new.name, report.old.name))}</p><ul>{reasons}</ul>'
        f'<div class="next">{steps}</div></div>' + (f'<ul class="warnings">{warnings}</ul>' if warnings else "")
    )


def _unbroken(text: str, names: tuple[str, str]) -> str:
    """The text with short model names kept on one line."""
    short = sorted((escaped(name) for name in names if 0 < len(name) <= SHORT), key=len, reverse=True)
    if not short:
        return escaped(text)
    pattern = "|".join(map(re.escape, short))
    return re.sub(pattern, lambda found: f'<span class="name">{found[0]}</span>', escaped(text))


def strip_html(report: Report) -> str:
    """Four key figures, each with its sample size."""
    preference, reviewers = report.preference, report.reviewers
    none = Undefined(undefined="no votes")
    rate = none if isinstance(preference, Undefined) else preference.clustered
    lead = next(line for line in report.metrics if line.metric == "rougeL")
    same = lead.same_side
    alpha = reviewers if isinstance(reviewers, Undefined) else reviewers.alpha
    return (
        '<div class="strip">'
        + _key("Win rate", rate, percent, "decisive vote", share_range)
        + '<div><div class="label">ROUGE-L, new − old</div>'
        f'<div class="figure">{signed(lead.paired.difference)}</div>'
        f'<div class="under">{number_range(lead.paired.interval, sign=True)}<br>'
        f"{plural(lead.paired.n, 'item')}</div></div>"
        + _key("Agreement (alpha)", alpha, number, "shared item", number_range)
        + _key("ROUGE-L sides with people", same, percent, "judged item", share_range)
        + "</div>"
    )


def _key(
    label: str,
    value: Estimate | Undefined,
    show: Callable[[float], str],
    unit: str,
    ends: Callable[[Interval | Undefined], str],
) -> str:
    if isinstance(value, Undefined):
        return (
            f'<div><div class="label">{label}</div><div class="figure word">undefined</div>'
            f'<div class="under">{escaped(value.undefined)}</div></div>'
        )
    return (
        f'<div><div class="label">{label}</div><div class="figure">{show(value.value)}</div>'
        f'<div class="under">{ends(value.interval)}<br>{plural(value.n, unit)}</div></div>'
    )


def trend_html(report: Report) -> str:
    """All iterations so far."""
    lead = "Each iteration is judged against the one before it; the metric is the mean on its own test split."
    return section("The iterations so far", lead, f'<div class="chart">{trend_svg(report.trend)}</div>')


def data_html(report: Report) -> str:
    """The frozen batch that the new model learnt from, and what is not in it."""
    batch = report.batch
    aside = ", ".join(f"{escaped(why)}: {count:,}" for why, count in sorted(report.set_aside.items()))
    shown = [
        ("Test items", f"{report.items:,}" + (f" in {plural(report.groups, 'group')}" if report.groups else "")),
        ("Set aside", aside or "none"),
    ]
    if batch is not None:
        splits = ", ".join(f"{escaped(name)} {count:,}" for name, count in sorted(batch.splits.items()))
        left = ", ".join(f"{escaped(why)}: {count:,}" for why, count in sorted(batch.left_out.items()))
        shown = [
            ("Batch", f"{escaped(batch.name)} <small><code>{escaped(batch.sha256)}</code></small>"),
            ("Splits", splits),
            (
                "Approved pairs",
                f"{batch.approved:,}, of which edited {batch.edited:,}, by {plural(batch.experts, 'expert')}",
            ),
            (
                "Experts’ agreement",
                "not measured" if batch.expert_alpha is None else f"alpha {number(batch.expert_alpha)}",
            ),
            ("Left out", left or "none"),
            *shown,
        ]
    return section("Data", "", facts(shown))


def provenance_html(report: Report) -> str:
    """What it takes to make this report again, byte for byte."""
    source = report.provenance
    shown = [
        *_model_facts("New model", report, new=True),
        *_model_facts("Old model", report, new=False),
        ("Inputs", f"<code>sha256 {escaped(source.inputs_sha256)}</code>"),
        ("Seed", f"{source.seed}"),
        ("Metrics", "<br>".join(f"<code>{escaped(text)}</code>" for text in source.signatures.values())),
        ("Versions", escaped(", ".join(f"{name} {at}" for name, at in sorted(source.versions.items()))) or "not given"),
        ("Report", f"schema version {report.schema_version}"),
    ]
    return section("Provenance", "The same inputs and seed give this report again, byte for byte.", facts(shown))


def _model_facts(title: str, report: Report, new: bool) -> list[tuple[str, str]]:
    model = report.new if new else report.old
    settings = ", ".join(f"{name} {value}" for name, value in sorted(model.generation.items()))
    origin = ", ".join(f"{word} {value}" for word, value in (("run", model.run), ("batch", model.batch)) if value)
    return [
        (
            title,
            f"{escaped(model.name)} <small>on base {escaped(model.base)}{escaped(', ' + origin if origin else '')}"
            f"<br>{escaped(settings)}<br><code>sha256 {escaped(model.sha256)}</code></small>",
        )
    ]
