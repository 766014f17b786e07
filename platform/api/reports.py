"""Iteration reports, and what goes from a report back to the experts."""

import json
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, PlainTextResponse

from hone.labeling import feed
from hone.labeling.feed import Sent
from hone.platform.api.caller import Lead, Of, Open
from hone.platform.api.pairs import numbered
from hone.storage import matchups, models, reports
from hone.storage.errors import InputError
from hone.storage.records import Record
from hone.storage.reports import StoredReport

router = APIRouter(tags=["reports"])


class NewReport(Record):
    """What to report on: a matchup set (the newest when nothing is named), or two models nobody judged yet."""

    set: int | None = None
    new: int | None = None
    old: int | None = None


class ReportLine(Record):
    """A report in a list."""

    number: int
    verdict: str
    new: str
    old: str
    set: int | None
    made_at: str
    sha256: str


class SliceOf(Record):
    """The pairs whose metadata field has this value."""

    field: str
    value: str


class Send(Record):
    """What goes back to the experts: the report's disagreements, a slice, or pairs by number."""

    report: int | None = None
    disagreements: bool = False
    slice: SliceOf | None = None
    pairs: tuple[int, ...] = ()
    reopen: bool = False  # a slice: its decided pairs start a new round, too
    why: str = ""


@router.get("/projects/{name}/reports")
def list_reports(opened: Open, _: Lead, project: Of) -> list[ReportLine]:
    """The reports of a project, the oldest first."""
    with opened.store.read() as cursor:
        names = {model.id: model.name for model in models.listing(cursor, project.id)}
        sets = {made.id: made.number for made in matchups.sets(cursor, project.id)}
        return [_line(stored, names, sets) for stored in reports.listing(cursor, project.id)]


@router.post("/projects/{name}/reports")
def make_report(opened: Open, who: Lead, project: Of, body: NewReport) -> ReportLine:
    """Compute a report from the stored answers and judgements, and keep it."""
    from hone.evaluation import assemble  # statistics take a second to import

    with opened.store.read() as cursor:
        names = {model.id: model.name for model in models.listing(cursor, project.id)}
        known = matchups.sets(cursor, project.id)
        two = body.new is not None and body.old is not None
        made = matchups.numbered(cursor, project.id, body.set) if body.set is not None else None
        if made is None and not two and known:
            made = known[-1]
        new = models.numbered(cursor, project.id, body.new) if body.new is not None else None
        old = models.numbered(cursor, project.id, body.old) if body.old is not None else None
    stored = assemble.make(opened.store, project, who, made=made, new=new, old=old)
    return _line(stored, names, {one.id: one.number for one in known})


@router.get("/projects/{name}/reports/{number}")
def get_report(opened: Open, _: Lead, project: Of, number: int) -> dict[str, Any]:
    """The report's own document, with its schema version."""
    with opened.store.read() as cursor:
        document: dict[str, Any] = json.loads(reports.numbered(cursor, project.id, number).document)
    return document


@router.get("/projects/{name}/reports/{number}/html", response_class=HTMLResponse)
def html(opened: Open, _: Lead, project: Of, number: int) -> HTMLResponse:
    """The report as one HTML file that needs nothing else."""
    from hone.evaluation import assemble, render  # statistics take a second to import

    with opened.store.read() as cursor:
        stored = reports.numbered(cursor, project.id, number)
    return HTMLResponse(render.render_html(assemble.parsed(stored)))


@router.get("/projects/{name}/reports/{number}/markdown", response_class=PlainTextResponse)
def markdown(opened: Open, _: Lead, project: Of, number: int) -> PlainTextResponse:
    """The report's figures as Markdown, for a ticket or a wiki."""
    from hone.evaluation import assemble
    from hone.evaluation.markdown import render_markdown

    with opened.store.read() as cursor:
        stored = reports.numbered(cursor, project.id, number)
    return PlainTextResponse(render_markdown(assemble.parsed(stored)), media_type="text/markdown")


@router.post("/projects/{name}/queue")
def send(opened: Open, who: Lead, project: Of, body: Send) -> Sent:
    """Send pairs back to the experts: decided ones open again, open ones move to the front."""
    with opened.store.read() as cursor:
        stored = reports.numbered(cursor, project.id, body.report) if body.report is not None else None
        ids = [numbered(cursor, project, number).id for number in body.pairs]
    report_id = stored.id if stored else None
    if body.slice:
        why = body.why or f"{body.slice.field} is {body.slice.value}"
        part = body.slice
        return feed.send_slice(opened.store, project, who, part.field, part.value, why, report_id, reopen=body.reopen)
    if body.disagreements:
        if stored is None:
            raise InputError("Disagreements are those of a report: name its number.")
        found = json.loads(stored.document)["examples"]["disagreements"]
        ids += [each["item"] for each in found]
    if not ids:
        raise InputError(
            f"Report {stored.number} shows no disagreements: send a slice or pairs by number."
            if stored and body.disagreements
            else "Say what to send: a report's disagreements, a slice, or pairs by number."
        )
    why = body.why or (f"report {stored.number}" if stored else "sent by a lead")
    return feed.send_pairs(opened.store, project, who, ids, why, report_id)


def _line(stored: StoredReport, names: dict[str, str], sets: dict[str, int]) -> ReportLine:
    return ReportLine(
        number=stored.number,
        verdict=stored.verdict,
        new=names[stored.new_model],
        old=names[stored.old_model],
        set=sets[stored.set_id] if stored.set_id else None,
        made_at=stored.made_at.isoformat(timespec="seconds"),
        sha256=stored.sha256,
    )
