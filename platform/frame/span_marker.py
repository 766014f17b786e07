"""Words that can be marked: an inline component shows a text and reports what was selected in it."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components import v2

from hone.platform.frame.safe_html import Piece
from hone.storage.records import Record
from hone.storage.reviews import Field


class Mark(Record):
    """Marked words of a text: [start, end) in code points, and what is said of them."""

    start: int
    end: int
    title: str = ""
    pending: bool = False


class Shown(Record):
    """A text to mark words in: its pieces as (op, text), the marks that are there, and how it is set."""

    field: Field
    label: str
    pieces: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...] = ()
    css: str = ""


class Span(Record):
    """What was selected: [start, end) in code points of a field's text, without white space at its ends."""

    field: Field
    start: int
    end: int
    quote: str


def shown(field: Field, label: str, pieces: Sequence[Piece] | str, marks: Sequence[Mark] = (), css: str = "") -> Shown:
    """A text, whole or as a word diff."""
    parts = (("same", pieces),) if isinstance(pieces, str) else tuple((each.op, each.text) for each in pieces)
    return Shown(field=field, label=label, pieces=parts, marks=tuple(marks), css=css)


def span_marker(texts: Sequence[Shown], key: str, on_select: Callable[[], None]) -> None:
    """Draw the texts. `on_select` is called after a selection; `selection(key, ...)` says what it was."""
    component = v2.component("hone_words", js=_script(), isolate_styles=False)
    component(key=key, data=[text.model_dump() for text in texts], on_span_change=on_select)


def selection(key: str, texts: dict[Field, str]) -> Span | None:
    """What was selected in the component `key`; None when it does not lie in one of these texts.

    The browser says only where; the words come from our own text.
    """
    said = st.session_state.get(key)
    return span_of(said.get("span") if said else None, texts)


def span_of(said: Any, texts: dict[Field, str]) -> Span | None:
    """The span that a browser reported, checked against our own texts; it may report anything."""
    if not isinstance(said, dict) or said.get("field") not in texts:
        return None
    text = texts[said["field"]]
    start, end = said.get("start"), said.get("end")
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(text):
        return None
    quote = text[start:end]
    start += len(quote) - len(quote.lstrip())
    quote = quote.strip()
    return Span(field=said["field"], start=start, end=start + len(quote), quote=quote) if quote else None


@cache
def _script() -> str:
    return (Path(__file__).parents[1] / "assets" / "words.js").read_text(encoding="utf-8")
