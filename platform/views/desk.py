"""Review desk: an expert reads one pair, corrects the response, rates it, flags words, decides."""

import time
from contextlib import suppress
from functools import partial

import streamlit as st

from hone.labeling import desk
from hone.labeling.desk import DeskView
from hone.labeling.desk_view import mixes
from hone.platform.frame import desk_surface, parts, shell
from hone.platform.frame.safe_html import clipped, esc
from hone.storage import pairs, people, projects
from hone.storage.errors import Conflict
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.reviews import Review

_HELD = "hone_desk_held"  # (token or None, when it was first drawn here)
_ANSWERED = "hone_desk_answered"  # (request, whether it was stored)
_WORDS = {"approve": "approved", "reject": "rejected", "skip": "skipped"}
KEEP_EVERY = 240  # seconds; a lease lasts 15 minutes


def page() -> None:
    """Draw the desk."""
    person = shell.signed_in("expert")
    project = shell.project(person)
    desk_surface.style()
    _desk(project, person)
    _stay(project, person)


@st.fragment(run_every=KEEP_EVERY)
def _stay(project: Project, person: Person) -> None:
    """Renew the lease while the page is open; look for a new pair when there was none.

    A lease that is lost is said at the decision, where it matters.
    """
    token, drawn = _held()
    if token:
        with suppress(Conflict):
            desk.keep_lease(shell.store(), project, person, token)
    elif time.monotonic() - drawn > KEEP_EVERY / 2:
        st.rerun()


@st.fragment
def _desk(opened_with: Project, signed_in: Person) -> None:
    """One pair. Only this part runs again after a decision, so that the next pair is there at once.

    It runs for hours with what the page was opened with: the project's rules and the person's roles are read anew.
    """
    with shell.trouble():
        recall = shell.store().recall
        project = recall(("project of", opened_with.id), lambda cursor: projects.get(cursor, opened_with.id))
        person = recall(("person of", signed_in.id), lambda cursor: people.get(cursor, signed_in.id))
        view = desk.next_view(shell.store(), project, person)
        token = view.lease.token if view.lease else None
        if token is None or _held()[0] != token:
            st.session_state[_HELD] = (token, time.monotonic())
        _top(view, shell.saved_mark())
        desk_surface.surface(
            desk_surface.given(project, person, view, st.session_state.get(_ANSWERED)),
            on_decide=partial(_decide, project, person, view),
            on_undo=partial(_undo, project, person),
        )
        if view.pair is None:
            _all_done(project, person, view)


def _top(view: DeskView, saved: str) -> None:
    pair = view.pair
    chips = ""
    if pair:
        why = "new pair" if view.why == "new" else f"why now: {view.why}"
        chips = parts.chip(f"Pair {pair.number}") if pair.number else ""
        chips += parts.chip(clipped(why, 90), "" if view.why == "new" else "unsure")
        chips += parts.chip(clipped(pair.group, 40)) if pair.group else ""
        chips += parts.chip(f"round {pair.round}", "accent") if pair.round > 1 else ""
    sent = f'<div class="h-message unsure"><b>Sent back to you:</b> {esc(view.comment)}</div>' if view.comment else ""
    st.html(
        f'<div class="h-top"><h1 class="h-title">Review</h1>{parts.ROW.format(chips)}'
        f'<div class="h-progress">{saved}<span>{view.done:,} done, {view.waiting:,} to go</span>'
        f"{parts.bar(view.done, view.done + view.waiting)}</div></div>{sent}"
    )


def _all_done(project: Project, person: Person, view: DeskView) -> None:
    if view.waiting:
        parts.empty(
            "All pairs are with other experts just now",
            f"{parts.count(view.waiting, 'pair')} may come back to you. Look again in a few minutes.",
        )
        with shell.centre():
            st.button("Look again", key="again", type="primary")
    elif view.done:
        parts.empty(
            "All done",
            f"You have said what you think of {parts.count(view.done, 'pair')}. New pairs appear here by themselves.",
        )
        shell.way_on("home", "Back to the loop")
    else:
        parts.empty("Nothing to review yet", "A lead imports pairs first. They appear here by themselves.")
        shell.way_on("pairs", "See the pairs")
    if view.last:
        with shell.centre():
            shell.undo_button("none", partial(_take_back_last, project, person))


def _decide(project: Project, person: Person, view: DeskView) -> None:
    """A decision came. It counts for the pair of its own lease alone, whatever the page shows by now."""

    def deed() -> str | None:
        said = desk_surface.decided()
        if _is_answered(said.request):
            return None
        st.session_state[_ANSWERED] = (said.request, False)
        ours = view.lease is not None and said.token == view.lease.token
        review = desk.submit(
            shell.store(),
            project,
            person,
            said.token,
            desk_surface.opinion(said, view if ours else None, _since_drawn(said.token)),
            said.request,
            pair_id=view.pair.id if ours and view.pair else None,
            seen=view.revision.id if ours and view.revision else said.seen,
        )
        st.session_state[_ANSWERED] = (said.request, True)
        name = "" if mixes(project) else f"Pair {_number(review, view)} "  # a gold pair's number would tell it
        return f"{name}{_WORDS[review.decision]} and saved.".capitalize()

    shell.act(deed)


def _number(review: Review, view: DeskView) -> int:
    if view.pair and view.pair.id == review.pair_id:
        return view.pair.number
    with shell.store().read() as cursor:
        return pairs.get(cursor, review.pair_id).number


def _is_answered(request: str) -> bool:
    """Whether this very message was acted on in this session: the browser sends it again until it is answered."""
    return (st.session_state.get(_ANSWERED) or ("", False))[0] == request


def _since_drawn(token: str) -> float:
    """Seconds since the pair of this lease was first drawn in this session; more than any number when it was not."""
    held, drawn = _held()
    return time.monotonic() - drawn if held == token else float("inf")


def _held() -> tuple[str | None, float]:
    """The token of the pair on the desk, and when this session drew it first."""
    held: tuple[str | None, float] = st.session_state.get(_HELD, (None, time.monotonic()))
    return held


def _undo(project: Project, person: Person) -> None:
    def deed() -> str | None:
        said = desk_surface.undone()
        if _is_answered(said.request):
            return None
        st.session_state[_ANSWERED] = (said.request, False)
        told = _take_back(project, person, said.request)
        st.session_state[_ANSWERED] = (said.request, True)
        return told

    shell.act(deed)


def _take_back_last(project: Project, person: Person) -> str:
    told = _take_back(project, person, shell.request_key("desk-undo"))
    shell.spent("desk-undo")
    return told


def _take_back(project: Project, person: Person, request: str) -> str:
    undone = desk.undo(shell.store(), project, person, request)
    return "Taken back: the pair is here again, with what you had said." if undone else "There is nothing to take back."
