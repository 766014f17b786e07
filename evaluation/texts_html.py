"""The report's pieces about texts: metrics, faults, slices, and the answers side by side."""

from hone.evaluation.charts import forest_svg
from hone.evaluation.examples import Example, net_of
from hone.evaluation.figures import number, number_range, p_value, percent, signed, span
from hone.evaluation.intervals import Estimate
from hone.evaluation.markup import clipped, escaped, sample_size, section, share_html, table, undefined, word_diff
from hone.evaluation.report import Report
from hone.evaluation.text_metrics import TITLES
from hone.storage.records import Undefined

STATES = {"met": "good", "missed": "wrong", "open": "open"}


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
    return f"{percent(estimate.value)}<br><small>{span(estimate.interval)}, {sample_size(estimate.n)}</small>"


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
    lead = '<span class="tag open">exploratory</span>Some of many slices differ by chance; no slice decides.'
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
        f"<span>{TITLES[example.metric]} {number(example.metric_new)} new, "
        f"{number(example.metric_old)} old</span></div>"
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
