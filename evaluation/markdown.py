"""The report's main figures as Markdown, for a pull request or a chat; the HTML file holds the rest."""

import re
from collections.abc import Sequence

from hone.evaluation.figures import estimate_text, number, number_range, p_value, percent, plural, share_range, signed
from hone.evaluation.keeping import share
from hone.evaluation.keeping_words import beside, in_words, plain_in_words
from hone.evaluation.report import Report
from hone.evaluation.text_metrics import TITLES
from hone.storage.records import Undefined

SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:@])")


def plain(text: str) -> str:
    """Text that Markdown shows as it is: on one line, every special character escaped."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *rows)]


def render_markdown(report: Report) -> str:
    """Verdict, preference, metrics, faults and provenance as Markdown."""
    verdict = report.verdict
    lines = [
        f"# {plain(report.project)}, iteration {report.new.iteration}: {verdict.value}",
        "",
        plain(verdict.sentence),
        "",
        *(f"- {plain(reason)}" for reason in verdict.reasons),
        *(f"- Next: {plain(step)}" for step in verdict.next_steps),
        *(f"- Mind: {plain(warning)}" for warning in report.warnings),
        "",
        "## What people preferred",
        "",
        _preference(report),
        "",
        "## Metrics",
        "",
        *_table(("Metric", "Items", "New", "Old", "New − old", "Interval", "Holm's p"), _metrics(report)),
        *_keeping(report),
        "",
        "## Faults in the answers",
        "",
        *_table(("Fault", "Items", "New", "Old"), _faults(report)),
        "",
        f"Inputs sha256 `{report.provenance.inputs_sha256}`, seed {report.provenance.seed}, "
        f"report schema {report.schema_version}.",
    ]
    return "\n".join(lines) + "\n"


def _preference(report: Report) -> str:
    votes = report.preference
    if isinstance(votes, Undefined):
        return f"Undefined: {votes.undefined}."
    counts = f"{votes.wins:,} won, {votes.losses:,} lost, {votes.ties:,} tied, {votes.both_bad:,} both bad"
    who = f"{plural(votes.n, 'vote')} by {plural(votes.raters, 'reviewer')} on {plural(votes.items, 'item')}"
    rate = votes.clustered
    if isinstance(rate, Undefined):
        return f"{who}: {counts}; win rate undefined: {rate.undefined}."
    return f"{who}: {counts}; win rate {percent(rate.value)} ({share_range(rate.interval)})."


def _metrics(report: Report) -> list[tuple[str, ...]]:
    return [
        (
            TITLES[line.metric],
            f"{line.paired.n:,}",
            estimate_text(line.new),
            estimate_text(line.old),
            signed(line.paired.difference),
            number_range(line.paired.interval, sign=True),
            p_value(line.p_holm),
        )
        for line in report.metrics
    ]


def _keeping(report: Report) -> list[str]:
    found = report.keeping
    if found is None:
        return []
    rows = [
        (
            f"Batch {batch.batch}",
            f"{batch.items:,}",
            "learnt in this run" if batch.own else "not known" if batch.learnt is None else number(batch.learnt),
            number(batch.before),
            number(batch.after),
            "" if batch.own or isinstance(left := share(batch), Undefined) else percent(left),
        )
        for batch in found.batches
    ]
    heads = ("Test items of", "Items", "The model that learnt it", "Before", "After", "Kept")
    said = " ".join((in_words(found), plain_in_words(found.plain), beside(found)))
    return ["", "## Kept from earlier batches", "", *_table(heads, rows), "", plain(said)]


def _faults(report: Report) -> list[tuple[str, ...]]:
    return [(plain(line.name), f"{line.n:,}", f"{line.new:,}", f"{line.old:,}") for line in report.errors]
