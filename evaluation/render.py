"""The report as one HTML file that opens offline, prints to A4, runs no script, and fetches nothing.

Each piece is a function of the report, so that the web page draws with the same ones; put `CSS` on the page
once and the pieces inside an element of class "hone-report".
"""

from collections.abc import Callable

from hone.evaluation.charts import forest_svg, trend_svg, verdict_mark, win_rate_svg
from hone.evaluation.examples import Example, net_of
from hone.evaluation.figures import (
    estimate_text,
    number,
    number_range,
    p_value,
    percent,
    plural,
    share_range,
    signed,
)
from hone.evaluation.intervals import Estimate, Interval
from hone.evaluation.markup import clipped, escaped, facts, section, table, undefined, word_diff
from hone.evaluation.report import Report
from hone.evaluation.style import CSS
from hone.evaluation.text_metrics import TITLES
from hone.storage.records import Undefined

KINDS = {"better": "better", "worse": "worse", "cannot tell yet": "unsure"}
WORDS = {"better": "Better", "worse": "Worse", "cannot tell yet": "Cannot tell yet"}
STATES = {"met": "good", "missed": "wrong", "open": "open"}
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
        f'<p class="sentence">{escaped(verdict.sentence)}</p><ul>{reasons}</ul>'
        f'<div class="next">{steps}</div></div>' + (f'<ul class="warnings">{warnings}</ul>' if warnings else "")
    )


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
        + _key("Reviewers’ agreement (alpha)", alpha, number, "shared item", number_range)
        + _key("ROUGE-L sides with people", same, percent, "judged item", share_range)
        + "</div>"
    )


def _key(
    label: str,
    value: Estimate | Undefined,
    show: Callable[[float], str],
    unit: str,
    span: Callable[[Interval | Undefined], str],
) -> str:
    if isinstance(value, Undefined):
        return (
            f'<div><div class="label">{label}</div><div class="figure word">undefined</div>'
            f'<div class="under">{escaped(value.undefined)}</div></div>'
        )
    return (
        f'<div><div class="label">{label}</div><div class="figure">{show(value.value)}</div>'
        f'<div class="under">{span(value.interval)}<br>{plural(value.n, unit)}</div></div>'
    )


def share_html(estimate: Estimate | Undefined) -> str:
    """A share with its interval and sample size, or why there is none."""
    if isinstance(estimate, Undefined):
        return undefined(estimate)
    return f"{percent(estimate.value)} <small>{share_range(estimate.interval)}, n = {estimate.n:,}</small>"


def preference_html(report: Report) -> str:
    """What people preferred, who they are, whether the side mattered, and how far they agree."""
    votes = report.preference
    if isinstance(votes, Undefined):
        lead = "Nobody has voted yet. Blind votes are what decides; the metrics below only warn."
        return section("What people preferred", lead)
    lead = (
        f"{plural(votes.n, 'blind vote')} by {plural(votes.raters, 'reviewer')} on {plural(votes.items, 'item')}. "
        "Ties and “both bad” count in the bar, not in the win rate. The even line stands at 50\u2009%."
    )
    chart = f'<div class="chart">{win_rate_svg(votes, report.new.name, report.old.name)}</div>'
    rate = votes.clustered
    method = "" if isinstance(rate, Undefined) or isinstance(rate.interval, Undefined) else rate.interval.method
    sums = facts(
        (
            ("Exact test", f"{p_value(votes.p_clustered)} against an even split <small>({escaped(method)})</small>"),
            ("Net preference", f"{estimate_text(votes.net)}, n = {votes.n:,} <small>(wins − losses) / votes</small>"),
            ("Left answer chosen", f"{share_html(votes.position.share_left)}; {escaped(votes.position.says)}"),
            ("New model shown left", f"in {votes.position.new_shown_left:,} of {plural(votes.n, 'vote')}"),
            ("Votes a decision takes", _needed(report)),
        )
    )
    return section(
        "What people preferred", lead, chart, sums, _reasons(report), _raters(report), agreement_html(report)
    )


def _needed(report: Report) -> str:
    votes = report.preference
    if isinstance(votes, Undefined):
        return undefined(votes)
    if isinstance(votes.needed, Undefined):
        return undefined(votes.needed)
    plan = votes.needed
    to_come = f"{plan.more:,} still to come" if plan.more else "all of them are in"
    return (
        f"{plan.total:,} decisive ones, {to_come} "
        f"<small>if the true preference is {percent(plan.preference)}; power 0.8</small>"
    )


def _reasons(report: Report) -> str:
    votes = report.preference
    if isinstance(votes, Undefined) or not votes.reasons:
        return ""
    rows = [
        (escaped(each.reason), f"{each.for_new:,}", f"{each.for_old:,}", f"{each.for_neither:,}")
        for each in votes.reasons
    ]
    heads = ("Reason given", "with a vote for the new", "for the old", "for neither")
    return "<h3>Reasons</h3>" + table(heads, rows, (1, 2, 3))


def _raters(report: Report) -> str:
    votes = report.preference
    if isinstance(votes, Undefined):
        return ""
    rows = [
        (
            escaped(each.rater),
            f"{each.n:,}",
            f"{each.wins:,} / {each.losses:,} / {each.ties:,} / {each.both_bad:,}",
            share_html(each.win_rate),
            share_html(each.chose_left),
            undefined(each.median_seconds)
            if isinstance(each.median_seconds, Undefined)
            else f"{each.median_seconds:.0f} s",
        )
        for each in votes.by_rater
    ]
    heads = ("Reviewer", "Votes", "new / old / tie / bad", "Win rate of the new", "Chose the left", "Median time")
    return "<h3>Reviewers</h3>" + table(heads, rows, (1, 5))


def agreement_html(report: Report) -> str:
    """How far reviewers agree on the items they share."""
    found = report.reviewers
    if isinstance(found, Undefined):
        return ""
    alpha = undefined(found.alpha) if isinstance(found.alpha, Undefined) else estimate_text(found.alpha)
    raw = undefined(found.raw) if isinstance(found.raw, Undefined) else share_html(found.raw)
    sums = facts(
        (
            ("Krippendorff’s alpha", f"{alpha} <small>1 is full agreement, 0 is chance; n = {found.shared:,}</small>"),
            ("Agree outright", raw),
        )
    )
    rows = [
        (
            f"{escaped(pair.a)} and {escaped(pair.b)}",
            f"{pair.n:,}",
            percent(pair.raw),
            undefined(pair.kappa) if isinstance(pair.kappa, Undefined) else number(pair.kappa),
        )
        for pair in found.pairs
    ]
    pairs = table(("Pair of reviewers", "Shared items", "Agree outright", "Cohen’s kappa"), rows, (1, 2, 3))
    return f"<h3>Agreement on {plural(found.shared, 'shared item')}</h3>{sums}{pairs if rows else ''}"


def metrics_html(report: Report) -> str:
    """The metrics of both models on the same items, as a forest plot and as a table, and the gate's thresholds."""
    lead = (
        "Both models answered the same items, so the difference is taken item by item. "
        "A dashed red mark is the loss that the gate allows."
    )
    chart = f'<div class="chart">{forest_svg(report.metrics, report.guards)}</div>'
    rows = [
        (
            f"<b>{TITLES[line.metric]}</b>",
            f"{line.paired.n:,}",
            f"{number(line.new.value)}<br><small>{number_range(line.new.interval)}</small>",
            f"{number(line.old.value)}<br><small>{number_range(line.old.interval)}</small>",
            f"{p_value(line.p_holm)}",
            undefined(line.paired.mde) if isinstance(line.paired.mde, Undefined) else number(line.paired.mde),
            _same_side(line.same_side),
        )
        for line in report.metrics
    ]
    heads = ("Metric", "Items", "New", "Old", "Holm’s p", "Smallest difference<br>it could find", "Sides with people")
    states = "".join(
        f'<span class="tag {STATES[each.state]}">{TITLES[each.threshold.metric]} at least '
        f"{number(each.threshold.at_least)}: {each.state}</span>"
        for each in report.thresholds
    )
    thresholds = f"<h3>Thresholds of the gate</h3><p>{states}</p>" if states else ""
    return section("Metrics", lead, chart, table(heads, rows, (1, 2, 3, 4, 5)), thresholds)


def _same_side(estimate: Estimate | Undefined) -> str:
    if isinstance(estimate, Undefined):
        return undefined(estimate)
    return f"{percent(estimate.value)}<br><small>{share_range(estimate.interval)}, n = {estimate.n:,}</small>"


def errors_html(report: Report) -> str:
    """Faults that need no judgement, counted in both models' answers to the same items."""
    rows = [
        (
            f"<b>{escaped(line.name)}</b><br><small>{escaped(line.definition)}</small>",
            f"{line.n:,}",
            _count(line.new, line.new_rate),
            _count(line.old, line.old_rate),
            f"{line.only_new:,} / {line.only_old:,}",
            p_value(line.p),
        )
        for line in report.errors
    ]
    same = report.identical
    lead = f"Counted by rule, not judged. Both models gave the same answer on {same.count:,} of {same.n:,} items."
    heads = ("Fault", "Items", "New", "Old", "Only new / only old", "McNemar’s p")
    return section("Faults in the answers", lead, table(heads, rows, (1, 2, 3, 4, 5)))


def _count(count: int, rate: Estimate | Undefined) -> str:
    return f"{count:,}" if isinstance(rate, Undefined) else f"{count:,}<br><small>{percent(rate.value)}</small>"


def slices_html(report: Report) -> str:
    """Parts of the test split by metadata."""
    if not report.slices:
        return ""
    rows = [
        (
            escaped(each.field),
            f"<b>{escaped(each.value)}</b>",
            f"{each.n:,}",
            f"{signed(each.difference.value)} <small>{number_range(each.difference.interval, sign=True)}</small>",
            share_html(each.win_rate),
        )
        for each in report.slices
    ]
    lead = '<span class="tag open">exploratory</span>Many slices are looked at, so some differ by chance. None decides.'
    metric = TITLES[report.slices[0].metric]
    heads = ("Field", "Value", "Items", f"{metric}, new − old", "Win rate over decisive votes")
    return section("Slices", lead, table(heads, rows, (2,)))


def examples_html(report: Report) -> str:
    """Items worth reading, side by side, words that only one answer has marked."""
    chosen = report.examples
    kinds = (
        ("Worst regressions", chosen.regressions, "No item where the old model did better."),
        ("Best gains", chosen.gains, "No item where the new model did better."),
        ("Where people and ROUGE-L disagree most", chosen.disagreements, "No item where they disagree."),
    )
    parts = [
        f"<h3>{title}</h3>" + ("".join(map(example_html, found)) or f'<p class="quiet">{none}</p>')
        for title, found, none in kinds
    ]
    return section("Worth reading", "People’s votes choose the items; ROUGE-L orders among equals.", *parts)


def example_html(example: Example) -> str:
    """One item: what was asked, both answers with their differences marked, the reference, votes and metric."""
    old, new = word_diff(example.old, example.new)
    votes = example.for_new + example.for_old + example.undecided
    said = f"votes: {example.for_new} new, {example.for_old} old, {example.undecided} neither" if votes else "no votes"
    leaning = "new" if net_of(example) > 0 else "old" if net_of(example) < 0 else ""
    preferred = f"<span>people preferred the <b>{leaning}</b> answer</span>" if leaning else ""
    context = (
        f'<details class="context"><summary>Context</summary><div class="text" dir="auto">'
        f"{clipped(example.context)}</div></details>"
        if example.context
        else ""
    )
    return (
        f'<div class="example"><div class="head"><b>Item {example.number}</b><span>{said}</span>{preferred}'
        f"<span>{TITLES[example.metric]} {number(example.metric_new)} new, {number(example.metric_old)} old</span></div>"
        f'<div class="ask"><div class="text" dir="auto">{clipped(example.instruction)}</div>{context}</div>'
        f'<div class="two">{_answer("old", "Old model", old, example.old_faults)}'
        f"{_answer('new', 'New model', new, example.new_faults)}</div>"
        f'<div class="reference"><div class="who">Reference</div>'
        f'<div class="text" dir="auto">{clipped(example.reference)}</div></div></div>'
    )


def _answer(side: str, title: str, text: str, faults: tuple[str, ...]) -> str:
    tags = "".join(f'<span class="tag wrong">{escaped(fault)}</span>' for fault in faults)
    shown = text if text.strip() else '<span class="undefined">no text</span>'
    return f'<div><div class="who {side}">{title}</div>{tags}<div class="text" dir="auto">{shown}</div></div>'


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
