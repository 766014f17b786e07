"""The small set of drawn parts that every page is made of. Text of people goes in raw and is escaped here."""

import re
from base64 import b64encode
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Literal, TypeAlias

import streamlit as st

from hone.platform.frame import theme
from hone.platform.frame.safe_html import esc, reading
from hone.platform.words import duration as duration

Tone: TypeAlias = Literal["", "good", "bad", "unsure", "accent"]
ROW = '<div class="h-chips">{}</div>'


def heading(title: str, lead: str = "", eyebrow: str = "") -> None:
    """What this page is, and in one sentence what it is for."""
    above = f'<div class="h-eyebrow">{esc(eyebrow)}</div>' if eyebrow else ""
    below = f'<p class="h-lead">{esc(lead)}</p>' if lead else ""
    st.html(f'<div class="h-head">{above}<h1 class="h-title">{esc(title)}</h1>{below}</div>')


@contextmanager
def heading_with(title: str, lead: str = "") -> Generator[None]:
    """A heading with something at its right: what is drawn in the block, a button as a rule."""
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        below = f'<p class="h-lead">{esc(lead)}</p>' if lead else ""
        st.html(f'<div class="h-head"><h1 class="h-title">{esc(title)}</h1>{below}</div>', width="stretch")
        yield


def section(title: str, text: str = "") -> None:
    """The start of a part of a page."""
    below = f"<p>{esc(text)}</p>" if text else ""
    st.html(f'<div class="h-section"><h2>{esc(title)}</h2>{below}</div>')


def message(text: str, tone: Tone = "accent") -> None:
    """Something to know before going on; a bad one is announced to screen readers."""
    role = "alert" if tone == "bad" else "status"
    st.html(f'<div class="h-message {tone}" role="{role}">{esc(text)}</div>')


def note(text: str) -> None:
    """A quiet sentence."""
    st.html(f'<div class="h-note">{esc(text)}</div>')


def empty(title: str, text: str) -> None:
    """A page with nothing on it yet: says why; the caller puts the way on under it."""
    st.html(f'<div class="h-empty">{drawn(_SHEETS)}<h2>{esc(title)}</h2><p>{esc(text)}</p></div>')


_SHEETS = (
    '<svg viewBox="0 0 48 48" fill="none" stroke="#8A939B" stroke-width="1.6" aria-hidden="true">'
    '<rect x="8" y="13" width="25" height="28" rx="4"/><path d="M15 7h21a4 4 0 0 1 4 4v24"/>'
    '<path d="M14 22h13M14 28h13M14 34h7" stroke-linecap="round"/></svg>'
)


def stats(*figures: tuple[str, object, str]) -> None:
    """A row of figures: (label, value, what stands under it)."""
    st.html('<div class="h-stats">' + "".join(map(_stat, figures)) + "</div>")


def _stat(figure: tuple[str, object, str]) -> str:
    label, value, under = figure
    shown = f"{value:,}" if isinstance(value, int) else str(value)
    below = f"<em>{esc(under)}</em>" if under else ""
    return f'<div class="h-stat"><span>{esc(label)}</span><b>{esc(shown)}</b>{below}</div>'


def chip(text: object, tone: Tone = "", dot: bool = False) -> str:
    """A small label, as HTML."""
    return f'<span class="h-chip {tone}{" dot" if dot else ""}">{esc(text)}</span>'


def chips(*drawn: str) -> None:
    """Some chips in a row."""
    if drawn:
        st.html(ROW.format("".join(drawn)))


def bar(done: int, total: int) -> str:
    """How far something is, as HTML."""
    share = 100 * done / total if total else 0
    return f'<div class="h-bar"><i style="width:{min(100.0, share):.1f}%"></i></div>'


def progress(done: int, total: int, words: str) -> None:
    """How far the person or the team is, in words and as a bar."""
    st.html(f'<div class="h-progress"><span>{esc(words)}</span>{bar(done, total)}</div>')


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> None:
    """A table. Cells are HTML already: escape what people wrote. `right` are columns of figures."""

    def cell(tag: str, index: int, body: str) -> str:
        return f'<{tag} class="r">{body}</{tag}>' if index in right else f"<{tag}>{body}</{tag}>"

    head = "".join(cell("th", index, esc(name)) for index, name in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(cell("td", index, text) for index, text in enumerate(row)) + "</tr>" for row in rows
    )
    st.html(f'<table class="h-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')


def drawn(html: str) -> str:
    """HTML whose charts can be seen: `st.html` drops inline SVG, so that each becomes an image of its own."""
    return re.sub(r"<svg.*?</svg>", _as_image, html, flags=re.DOTALL)


def _as_image(found: re.Match[str]) -> str:
    label = re.search(r'aria-label="([^"]*)"', found[0])
    svg = found[0].replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    svg = svg.replace(">", f"><style>{theme.CHART}</style>", 1)
    data = b64encode(svg.encode()).decode()
    return f'<img class="h-svg" alt="{label[1] if label else ""}" src="data:image/svg+xml;base64,{data}">'


def field(label: str, text: str, css: str = "") -> None:
    """A text of a pair with what it is."""
    if text:
        st.html(f'<div class="h-field"><div class="h-eyebrow">{esc(label)}</div>{reading(text, css)}</div>')


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in words; after a week the date."""
    seconds = max(0.0, (now - moment).total_seconds())
    if seconds < 90:
        return "just now"
    for unit, size in (("minute", 60), ("hour", 3600), ("day", 86400)):
        count = round(seconds / size)
        if count < {"minute": 60, "hour": 24, "day": 8}[unit]:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return f"{moment:%d %B %Y}"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its word: 1 pair, 2 pairs."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
