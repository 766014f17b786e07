"""The desk as one component of the page: its script, what it is given, and what it says.

Its key is constant, so that the browser draws the next pair into the page that is there. All that it sends names
the lease that it is about; the person's own view decides what that means. Streamlit sends the script of a component
along with every drawing of it: ours only fetches the real one, which a browser keeps.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
from pydantic import Field, ValidationError
from streamlit.components import v2

from hone.labeling.checks.kinds import KINDS
from hone.labeling.desk import DeskView, Draft, Opinion
from hone.labeling.saying import Verdict
from hone.platform.frame.safe_html import blocks
from hone.storage.errors import InputError
from hone.storage.findings import Finding
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import Record, new_id, sha256

KEY = "hone_desk"
SKIP_REASONS = ("Not my field", "Unclear instruction", "Broken text", "Needs a lead")
_ASSETS = Path(__file__).parents[1] / "assets" / "desk"
_LOADER = """
const desk = import(`${{location.origin}}/assets/desk.js?v={version}`);
export default async (drawing) => (await desk).default(drawing);
"""
_Message = TypeVar("_Message", bound=Record)
_PARTS = ("dom", "diff", "texts", "saving", "form", "editor", "flags", "marking", "page", "keys", "deciding", "desk")


class Said(Record):
    """A decision as the browser sends it. `token` is the lease's, `seen` the revision that was on the screen."""

    token: str
    seen: str
    request: str = Field(min_length=8, max_length=200)
    decision: Verdict
    reason: str = Field(default="", max_length=200)
    draft: Draft
    seconds: float = Field(ge=0, allow_inf_nan=False)


class Undoing(Record):
    """The wish to take the last decision back."""

    token: str | None
    request: str = Field(min_length=8, max_length=200)


def style() -> None:
    """The desk's style sheet, once for the page."""
    st.html(f"<style>{(_ASSETS / 'desk.css').read_text(encoding='utf-8')}</style>")


def surface(data: dict[str, Any], on_decide: Callable[[], None], on_undo: Callable[[], None]) -> None:
    """Draw the desk, or the pair that comes next in it. The callbacks read what came with `decided` and `undone`."""
    component = v2.component("hone_desk", js=_LOADER.format(version=sha256(script())[:16]), isolate_styles=False)
    component(key=KEY, data=data, on_decide_change=on_decide, on_undo_change=on_undo)


def decided() -> Said:
    """The decision that came; InputError when it is none. A browser may send anything."""
    return _read(Said, "decide")


def undone() -> Undoing:
    """The wish to undo that came; InputError when it is none."""
    return _read(Undoing, "undo")


def opinion(said: Said, view: DeskView | None, longest: float) -> Opinion:
    """What was said, as an opinion: no longer than `longest` seconds, and with the suggestion only if it was there.

    `view` is what the page was given for this lease; None when it has gone on since.
    """
    draft = said.draft
    note = ": ".join(filter(None, (said.reason, draft.note))) if said.decision == "skip" else draft.note
    offered = view.suggestion.id if view and view.suggestion else None
    shown = draft.suggestion_id if draft.suggestion_id == offered else None
    body = draft.model_dump(include=set(Draft.model_fields))
    seconds = round(min(said.seconds, longest), 1)
    return Opinion.model_validate(
        {**body, "note": note, "suggestion_id": shown, "decision": said.decision, "seconds": seconds}
    )


def given(project: Project, person: Person, view: DeskView, answered: tuple[str, bool] | None) -> dict[str, Any]:
    """All that the browser needs to show this view. `answered` is the last request, and whether it was stored."""
    request, stored = answered or (None, False)
    said = {"drawn": new_id(), "answered": request, "stored": stored, "project": project.name}
    if view.pair is None or view.lease is None or view.revision is None:
        return {**said, "token": None, "undo": view.last is not None}
    return {
        **said,
        "token": view.lease.token,
        "seen": view.revision.id,
        "kept": sha256(person.id, view.pair.id, str(view.pair.round))[:32],
        "texts": view.revision.model_dump(include={"instruction", "context", "response"}),
        "draft": view.draft.model_dump(mode="json") if view.draft else None,
        "findings": [_finding(found, view) for found in view.findings],
        "suggestion": _suggestion(project, view),
        "undo": view.last is not None,
        "skips": SKIP_REASONS,
        **_asked(project),
    }


def _asked(project: Project) -> dict[str, Any]:
    settings = project.settings
    return {
        "labels": settings.labels if settings.task == "classification" else (),
        "rubric": [
            {**each.model_dump(include={"key", "name", "question"}), "anchors": sorted(each.anchors.items())}
            for each in settings.rubric
        ],
        "questions": [each.model_dump(mode="json") for each in settings.questions],
        "categories": settings.categories,
        "reasons": settings.edit_reasons,
        "taxonomy": [each.model_dump(mode="json") for each in settings.taxonomy],
        "groups": settings.protected_groups,
        "guide": guide(settings),
    }


def guide(settings: ProjectSettings) -> list[tuple[str, str]]:
    """The guidelines, then the project's examples, as (kind, text): h, li, p, good or bad."""
    told = blocks(settings.guidelines)
    for each in settings.examples:
        told.append(("h", "A good answer" if each.good else "A bad answer"))
        told += [("p", text) for text in (each.instruction, each.context) if text]
        told += [("good" if each.good else "bad", each.response), *([("p", each.why)] if each.why else [])]
    return told


def _suggestion(project: Project, view: DeskView) -> dict[str, Any] | None:
    if view.suggestion is None or project.settings.suggestions == "off":
        return None
    shows = project.settings.suggestions == "show"
    return {"id": view.suggestion.id, "response": view.suggestion.response, "show": shows}


def _finding(found: Finding, view: DeskView) -> dict[str, Any]:
    """A finding with its words: none when it is about the whole, or the text has changed since it was made."""
    kind = KINDS.get(found.kind)
    now, then = getattr(view.revision, found.field), getattr(view.pair, found.field)
    return {
        **found.model_dump(include={"field", "start", "end", "says", "fix"}),
        "name": kind.name if kind else found.kind,
        "tone": kind.tone if kind else "",
        "quote": now[found.start : found.end] if now == then else "",
    }


def _read(kind: type[_Message], name: str) -> _Message:
    sent = st.session_state.get(KEY)
    try:
        return kind.model_validate(sent.get(name) if sent else None)
    except ValidationError as problem:
        raise InputError(
            "The page sent something that is no decision; nothing was stored. Reload the page."
        ) from problem


@cache
def script() -> str:
    """The script of the desk: its parts in one module."""
    return "\n".join((_ASSETS / f"{part}.js").read_text(encoding="utf-8") for part in _PARTS)
