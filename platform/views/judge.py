"""Judge: a reviewer reads two answers, left and right, and says which is better. Nothing here tells a model."""

import time
from functools import partial

import streamlit as st

from hone.evaluation import judging
from hone.evaluation.judging import REASONS, JudgeView, Verdict
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import plain, reading
from hone.platform.overview import set_to_judge
from hone.storage.matchups import MatchupSet
from hone.storage.people import Person
from hone.storage.records import new_id

STRENGTHS = {1: "slightly", 2: "clearly", 3: "much"}
# No arrow keys: in the strengths and reasons they move about, so that the choice would be lost without a word.
CHOICES = (
    ("left", "Left better", "1"),
    ("tie", "Tie", "T"),
    ("both_bad", "Both bad", "B"),
    ("right", "Right better", "2"),
)


def page() -> None:
    """Draw the next matchup of the newest set that holds one for this reviewer."""
    person = shell.signed_in("reviewer")
    project = shell.project(person)
    with shell.store().read() as cursor:
        made = set_to_judge(cursor, project, person)
    if made is None:
        parts.empty(
            "Nothing to judge yet", "When two models have answered the test split, a lead makes matchups of it."
        )
        shell.way_on("home", "Back to the loop")
        return
    _judge(made, person)


@st.fragment
def _judge(made: MatchupSet, person: Person) -> None:
    """One matchup. Only this part runs again after a choice, so that the next one is there at once."""
    with shell.trouble():
        view = judging.next_view(shell.store(), made, person)
        _top(view, shell.saved_mark())
        if view.token is None:
            _all_done(made, person, view)
            return
        _answers(view)
        _reasons(view.token)
        _choices(made, person, view.token)


def _top(view: JudgeView, saved: str) -> None:
    title = "Judge" if view.token is None else "Which answer is better?"
    st.html(
        f'<div class="h-top"><h1 class="h-title">{title}</h1>'
        f'<div class="h-progress">{saved}<span>{view.done:,} done, {view.waiting:,} to go</span>'
        f"{parts.bar(view.done, view.done + view.waiting)}</div></div>"
    )


def _answers(view: JudgeView) -> None:
    """What was asked, and both answers whole, at once, and set alike."""
    parts.field("Instruction", view.instruction)
    parts.field("Context", view.context, "h-quiet h-quote h-clip")
    left, right = (reading(text, "h-wide") for text in (view.left, view.right))
    st.html(
        f'<div class="h-sides"><div class="h-side"><div class="h-eyebrow">Left</div>{left}</div>'
        f'<div class="h-side"><div class="h-eyebrow">Right</div>{right}</div></div>'
    )


def _reasons(token: str) -> None:
    st.session_state.setdefault(f"began-{token}", time.monotonic())
    strength, reasons, note = st.columns([1, 1.75, 1.1], gap="medium")
    with strength:
        st.segmented_control(
            "How much better",
            list(STRENGTHS),
            format_func=STRENGTHS.__getitem__,
            key=f"strength-{token}",
            on_change="ignore",
        )
    with reasons:
        st.pills(
            "Because of",
            REASONS,
            selection_mode="multi",
            format_func=plain,
            key=f"reasons-{token}",
            on_change="ignore",
            wrap=True,
        )
    with note:
        st.text_input("Note", key=f"note-{token}", on_change="ignore", placeholder="if needed")


def _choices(made: MatchupSet, person: Person, token: str) -> None:
    """The choice, always in reach; the keys work while no text is being typed.

    What is drawn once is said once: each drawing has a request key of its own, in the buttons themselves. Kept in
    the session it could outlive its judgement, when a second press breaks the first one's callback off.
    """
    choose = partial(_choose, person, token, new_id())
    with st.container(
        horizontal=True, horizontal_alignment="center", vertical_alignment="center", key=f"decide-{token}"
    ):
        _undo(made, person, token)
        st.space("stretch")
        for choice, label, key in CHOICES:
            st.button(
                label,
                key=f"{choice}-{token}",
                shortcut=key,
                type="primary" if choice in ("left", "right") else "secondary",
                on_click=partial(choose, choice),
            )
        st.space("stretch")
        st.button("Skip", key=f"skip-{token}", shortcut="S", type="tertiary", on_click=partial(choose, "skip"))


def _choose(person: Person, token: str, request_key: str, choice: str) -> None:
    def deed() -> str:
        state = st.session_state
        verdict = Verdict.model_validate(
            {
                "choice": choice,
                "strength": state.get(f"strength-{token}") if choice in ("left", "right") else None,
                "reasons": tuple(state.get(f"reasons-{token}") or ()),
                "note": state.get(f"note-{token}") or "",
                "seconds": round(time.monotonic() - state.get(f"began-{token}", time.monotonic()), 1),
            }
        )
        judging.submit(shell.store(), person, token, verdict, request_key)
        state.pop(f"began-{token}", None)
        return "Saved."

    shell.act(deed)


def _undo(made: MatchupSet, person: Person, token: str) -> None:
    def deed() -> str:
        undone = judging.undo(shell.store(), made, person, shell.request_key("judge-undo"))
        shell.spent("judge-undo")
        return "Taken back: the matchup is here again." if undone else "There is nothing to take back."

    shell.undo_button(token, deed)


def _all_done(made: MatchupSet, person: Person, view: JudgeView) -> None:
    said = f"You judged {parts.count(view.done, 'matchup')}. " if view.done else ""
    parts.empty("All judged", f"{said}New matchups appear here by themselves.")
    with shell.centre():
        _undo(made, person, "none")
    shell.way_on("home", "Back to the loop")
