"""Flags at the review desk: words that were selected become a flag; flags that are there can be removed."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from hone.platform.frame import parts, shell
from hone.platform.frame.desk_form import Form
from hone.platform.frame.safe_html import clipped, esc, plain
from hone.storage.reviews import NewFlag

SEVERITIES = {1: "1 slight", 2: "2 clear", 3: "3 grave"}


def draw(form: Form, keep: Callable[[], None]) -> None:
    """The form of a flag while words are selected, and the flags so far; `keep` saves the draft."""
    names = {category.key: category for category in form.settings.taxonomy}
    if form.marked and names:
        with st.container(key=form.key("card-flag")):
            quote = esc(clipped(form.marked.quote, 120))
            st.html(f'<div class="h-eyebrow">Flag these words</div><div class="h-quoted">“{quote}”</div>')
            chosen = st.pills(
                "Kind",
                list(names),
                format_func=lambda key: plain(names[key].name),
                key=form.key("kind"),
                required=True,
                default=next(iter(names)),
                wrap=True,
                label_visibility="collapsed",
            )
            category = names[chosen or next(iter(names))]
            parts.note(category.definition)
            st.segmented_control(
                "How grave",
                list(SEVERITIES),
                format_func=SEVERITIES.__getitem__,
                default=2,
                required=True,
                key=form.key("severity"),
                on_change="ignore",
            )
            if category.protected:
                st.text_input("Group it is about", key=form.key("group"), placeholder="women, migrants, older people …")
            st.text_input("Comment", key=form.key("comment"), placeholder="if needed", on_change="ignore")
            with shell.row():
                st.button(
                    "Add flag",
                    key=form.key("add"),
                    type="primary",
                    on_click=partial(_add, form, keep, category.key),
                )
                st.button("Cancel", key=form.key("cancel"), type="tertiary", on_click=partial(_select_nothing, form))
    for index, flag in enumerate(form.flags):
        with st.container(horizontal=True, vertical_alignment="center", key=form.key(f"flag{index}")):
            name = names[flag.category].name if flag.category in names else flag.category
            quote = esc(clipped(flag.quote, 44))
            st.html(f"{parts.chip(f'{name} · {flag.severity}', 'unsure')} <span class='h-small'>“{quote}”</span>")
            st.button(
                "Remove",
                key=form.key(f"remove{index}"),
                type="tertiary",
                on_click=partial(_remove, form, keep, index),
            )


def _select_nothing(form: Form) -> None:
    form.marked = None


def _add(form: Form, keep: Callable[[], None], category: str) -> None:
    def deed() -> str | None:
        state, span = st.session_state, form.marked
        if span is None:
            return None
        flag = NewFlag(
            category=category,
            severity=state.get(form.key("severity")) or 2,
            field=span.field,
            start=span.start,
            end=span.end,
            quote=span.quote,
            protected_group=(state.get(form.key("group")) or "").strip() or None,
            comment=state.get(form.key("comment")) or "",
        )
        form.flags = (*form.flags, flag)
        form.marked = None
        keep()
        return "Flag added."

    shell.act(deed)


def _remove(form: Form, keep: Callable[[], None], index: int) -> None:
    def deed() -> str:
        form.flags = tuple(flag for place, flag in enumerate(form.flags) if place != index)
        keep()
        return "Flag removed."

    shell.act(deed)
