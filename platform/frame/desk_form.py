"""What an expert has entered at the desk so far, between the widgets of the page and the draft in the store."""

import time
from collections.abc import Sequence

import streamlit as st

from hone.labeling.desk import DeskView, Draft, Opinion
from hone.labeling.saying import Verdict
from hone.labeling.spans import stands_in
from hone.platform.frame.span_marker import Span
from hone.storage.projects import ProjectSettings
from hone.storage.reviews import NewFlag


class Form:
    """The widgets of one assignment: every key carries its random token, so that no text can land on another pair."""

    def __init__(self, token: str, original: str, settings: ProjectSettings):
        self.token = token
        self.original = original
        self.settings = settings

    def key(self, name: str) -> str:
        """The key of a widget of this assignment."""
        return f"{name}-{self.token}"

    def start(self, view: DeskView) -> None:
        """Fill the widgets from the draft, once."""
        if self.key("text") in st.session_state:
            return
        draft = view.draft or Draft()
        state = st.session_state
        state[self.key("text")] = self.original if draft.response is None else draft.response
        state[self.key("note")] = draft.note
        state[self.key("categories")] = list(draft.categories)
        state[self.key("flags")] = draft.flags
        state[self.key("began")] = time.monotonic()
        for dimension in self.settings.rubric:
            state[self.key(f"rate-{dimension.key}")] = draft.ratings.get(dimension.key)

    @property
    def text(self) -> str:
        """The response as it stands in the editor."""
        return str(st.session_state.get(self.key("text"), self.original))

    @property
    def flags(self) -> tuple[NewFlag, ...]:
        """The flags so far."""
        found: tuple[NewFlag, ...] = st.session_state.get(self.key("flags"), ())
        return found

    @flags.setter
    def flags(self, flags: Sequence[NewFlag]) -> None:
        st.session_state[self.key("flags")] = tuple(flags)

    @property
    def marked(self) -> Span | None:
        """Words that were selected and are not yet a flag."""
        found: Span | None = st.session_state.get(self.key("marked"))
        return found

    @marked.setter
    def marked(self, span: Span | None) -> None:
        st.session_state[self.key("marked")] = span

    @property
    def edited(self) -> bool:
        """Whether the text differs from the one it started from, blanks at the end aside."""
        return self.text.rstrip() != self.original.rstrip()

    def draft(self) -> Draft:
        """All that is entered."""
        state = st.session_state
        scores = {d.key: state.get(self.key(f"rate-{d.key}")) for d in self.settings.rubric}
        return Draft(
            response=self.text if self.edited else None,
            ratings={key: score for key, score in scores.items() if score is not None},
            categories=tuple(state.get(self.key("categories")) or ()),
            flags=self.flags,
            note=state.get(self.key("note")) or "",
        )

    def opinion(self, decision: Verdict, note: str | None = None) -> Opinion:
        """All that is entered, with the decision and the seconds since the pair was first drawn."""
        draft = self.draft()
        began = st.session_state.get(self.key("began"))
        seconds = None if began is None else round(time.monotonic() - began, 1)
        said = {**draft.model_dump(), "note": draft.note if note is None else note}
        return Opinion.model_validate({**said, "decision": decision, "seconds": seconds})


def follow(flags: Sequence[NewFlag], text: str) -> tuple[NewFlag, ...]:
    """The flags after an edit: those on the response move to where their words stand now.

    Words that were mended away keep the place they had in the text that was seen.
    """
    return tuple(_followed(flag, text) for flag in flags)


def _followed(flag: NewFlag, text: str) -> NewFlag:
    if flag.field != "response" or stands_in(flag, text):
        return flag
    places = [at for at in range(len(text)) if text.startswith(flag.quote, at)]
    if not places:
        return flag
    start = min(places, key=lambda at: abs(at - flag.start))
    return flag.model_copy(update={"start": start, "end": start + len(flag.quote)})
