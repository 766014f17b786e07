"""The report's piece about what was kept of earlier batches."""

from hone.evaluation.figures import number, percent
from hone.evaluation.inputs import KeptBatch
from hone.evaluation.keeping import ENOUGH, MEASURES, share
from hone.evaluation.keeping_words import beside, in_words, plain_in_words
from hone.evaluation.markup import escaped, facts, section, table, undefined
from hone.evaluation.report import Report
from hone.storage.records import Undefined


def keeping_html(report: Report) -> str:
    """Every batch so far with its score before and after the run; nothing where the run did not look."""
    found = report.keeping
    if found is None:
        return ""
    measure = MEASURES[found.measure]
    lead = (
        f"The same test items were asked before and after the run. What is kept is {measure} after the run, of what "
        "the model had that learnt the batch."
    )
    rows = [
        (
            f"<b>Batch {batch.batch}</b>" + ("<br><small>learnt in this run</small>" if batch.own else ""),
            f"{batch.items:,}",
            "" if batch.own else _learnt(batch),
            number(batch.before),
            number(batch.after),
            "" if batch.own else _kept(share(batch)),
        )
        for batch in found.batches
    ]
    heads = ("Test items of", "Items", "The model that learnt it", "Before", "After", "Kept")
    shown = table(heads, rows, (1, 2, 3, 4, 5)) if rows else ""
    said = facts(
        [
            ("Earlier batches", escaped(in_words(found))),
            ("Plain English", escaped(plain_in_words(found.plain))),
            ("Rehearsal", escaped(beside(found))),
        ]
    )
    return section("Kept from earlier batches", lead, shown, said)


def _learnt(batch: KeptBatch) -> str:
    if batch.learnt is None:
        return '<span class="undefined">not known</span>'
    return f"{number(batch.learnt)}<br><small>{escaped(batch.learnt_by or '')}</small>"


def _kept(found: float | Undefined) -> str:
    if isinstance(found, Undefined):
        return undefined(found)
    kind = "wrong" if found < ENOUGH else "good"
    return f'<span class="tag {kind}">{percent(found)}</span>'
