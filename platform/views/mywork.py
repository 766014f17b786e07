"""My work: an expert's own figures, what leads sent back to them and why, and their last opinions."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from hone.labeling import desk
from hone.platform.frame import figures, parts, shell
from hone.platform.frame.safe_html import esc
from hone.platform.views import team
from hone.storage import quality
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.quality import SentBack
from hone.storage.records import Undefined, now
from hone.storage.store import Store

if TYPE_CHECKING:  # statistics take a second to import: only when the page is drawn
    from hone.evaluation.drift import Drift
    from hone.platform.team import OwnFigures

WORDS = {"approve": ("approved", "good"), "reject": ("rejected", "bad"), "skip": ("skipped", "")}


def page() -> None:
    """Draw the expert's own page."""
    person = shell.signed_in("expert")
    project = shell.project(person)
    parts.heading(
        "My work",
        "Your own figures, for you first: a lead sees them on Team. There is no ranking, and no goal to beat.",
    )
    shell.said()
    with shell.trouble():
        with shell.store().read() as cursor:
            given = quality.answers_given(cursor)
        seen = _figures(shell.store(), project, person, project.id, project.version, person.id, given, now().date())
        _progress(seen)
        _sent_back(seen)
        if not seen.me.done:
            parts.note("Your figures come with your first opinions.")
            shell.way_on("review", "Go to Review", key="first", centred=False)
            return
        _agreement(seen)
        _yourself(seen, project)
        _last(seen, project, person)


@st.cache_data(ttl=30, max_entries=200, show_spinner=False)
def _figures(
    _store: Store,
    _project: Project,
    _person: Person,
    *remembered_by: object,  # noqa: ARG001
) -> "OwnFigures":
    from hone.platform.team import own_figures

    return own_figures(_store, _project, _person)


def _progress(seen: "OwnFigures") -> None:
    me = seen.me
    today = seen.days[-1][1] if seen.days else 0
    parts.stats(
        ("Done", me.done, f"{me.approved:,} approved, {me.rejected:,} rejected"),
        ("Edited", me.edited, "responses that you changed"),
        ("Waiting", seen.waiting, "pairs that want your opinion"),
        ("Today", today, "opinions so far"),
        ("Pace", parts.duration(me.pace), "a pair, at the median"),
    )
    if any(count for _, count in seen.days):
        st.html(f'<div class="h-eyebrow h-above">The last {len(seen.days)} days</div>{figures.days(seen.days)}')


def _sent_back(seen: "OwnFigures") -> None:
    if not seen.sent_back:
        return
    parts.section("Sent back to you", "What a lead asked you to look at again, and why.")
    st.html(f'<div class="h-story">{"".join(map(_given_back, seen.sent_back[:10]))}</div>')
    if any(not each.answered for each in seen.sent_back):
        shell.way_on("review", "Go to Review", centred=False)


def _given_back(each: SentBack) -> str:
    mark = parts.chip("done again", "good") if each.answered else parts.chip("waits for you", "unsure")
    return (
        f'<div class="h-told"><div><b>Pair {each.number}</b> {mark} '
        f'<span class="h-small">{parts.ago(each.created_at, now())}</span></div><div>“{esc(each.comment)}”</div></div>'
    )


def _agreement(seen: "OwnFigures") -> None:
    parts.section(
        "With the others",
        "On the items that you and others have done. Alpha is 1 when all say the same, and 0 when you agree as often "
        f"as chance would; fewer than {seen.small} items are called few.",
    )
    if not seen.decisions.items:
        parts.note("Nobody else has spoken on your items yet.")
        return
    heads = ("Question", "Items", "Same answer", "Krippendorff's alpha", "95 % interval")
    parts.table(heads, figures.measured((seen.decisions, *seen.dimensions)), right=(1, 2, 3))
    parts.note(f"Edited texts: {team.texts(seen.edits)}")


def _yourself(seen: "OwnFigures", project: Project) -> None:
    me = seen.me
    parts.section("What it is held against")
    rows = [
        [
            "Right on pairs with a known answer",
            figures.share(me.gold.decisions),
            _near(me.gold.near),
            "counted from the next day on",
        ],
        [
            "The same when a pair came again",
            figures.share(me.repeats.decisions),
            _near(me.repeats.near),
            "counted from the next day on",
        ],
        [
            "Corrected by a lead",
            figures.share(me.corrected.rate),
            "",
            f"{me.corrected.sent_back:,} sent back, {me.corrected.overruled:,} overruled, of what a lead looked at",
        ],
        [
            f"Faster than {project.settings.fast_seconds:g} s",
            figures.share(me.fast),
            "",
            "of those that were timed; nothing follows from it",
        ],
        [
            "Approvals, against the others'",
            figures.moved(me.drift.approvals, 100, " points"),
            "",
            _drift(me.drift.approvals),
        ],
        ["Ratings, against the others'", figures.moved(me.drift.ratings), "", _drift(me.drift.ratings)],
    ]
    parts.table(("", "Share", "Ratings within 1", ""), rows, right=(1, 2))


def _near(figure: "figures.Figure") -> str:
    return figures.share(figure)


def _drift(drift: "Drift | Undefined") -> str:
    if isinstance(drift, Undefined):
        return esc(drift.undefined)
    return f"your last {drift.lately_n} items against {drift.before_n} before them, on the same items as others"


def _last(seen: "OwnFigures", project: Project, person: Person) -> None:
    if not seen.last:
        return
    parts.section("Your last opinions", "The newest can be taken back, one after the other, up to ten.")
    rows = []
    for number, review in seen.last:
        word, tone = WORDS[review.decision]
        mark = parts.chip(word, "good" if tone == "good" else "bad" if tone == "bad" else "")
        rows.append([f"Pair {number}", mark, esc(review.note), parts.ago(review.created_at, now())])
    parts.table(("Pair", "You", "Your note", "When"), rows)
    key = shell.request_key("undo-mine")
    shell.undo_button(key, partial(_undo, project, person, key))


def _undo(project: Project, person: Person, key: str) -> str:
    undone = desk.undo(shell.store(), project, person, key)
    shell.spent("undo-mine")
    if undone is None:
        return "There is nothing to take back."
    return "Taken back. The pair waits for you on Review, with what you had said."
