"""The form by which a lead gives opinions back to their experts, on Adjudicate and on a pair's own page."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from hone.labeling import sending_back
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import plain
from hone.storage.pairs import Pair
from hone.storage.people import Person
from hone.storage.projects import Project


def ask(token: str) -> None:
    """Open the form."""
    st.session_state[f"hone_back_{token}"] = True


def form(
    project: Project,
    person: Person,
    pair: Pair,
    labels: Mapping[str, str],
    token: str,
    done: Callable[[], None],
) -> None:
    """Ask which opinions go back, and why. `labels` are what each is called, by its letter or the id of its review."""
    with st.container(key=f"card-back-{token}"):
        st.html('<div class="h-eyebrow">Send back</div>')
        st.pills(
            "Whose opinion",
            list(labels),
            selection_mode="multi",
            default=list(labels)[:1] if len(labels) == 1 else None,
            format_func=lambda key: plain(labels[key]),
            key=f"back-who-{token}",
            on_change="ignore",
        )
        st.text_area(
            "What to look at again",
            height=80,
            key=f"back-why-{token}",
            on_change="ignore",
            placeholder="They read this beside the pair, and start from what they said.",
        )
        with shell.row():
            st.html(
                '<div class="h-note">The pair goes to the front of their queue and is kept for them. Until they have '
                "answered, their opinion does not count.</div>",
                width="stretch",
            )
            st.button("Cancel", key=f"back-no-{token}", type="tertiary", on_click=partial(_close, token))
            st.button(
                "Send back",
                key=f"back-yes-{token}",
                type="primary",
                on_click=partial(_send, project, person, pair, token, done),
            )


def _close(token: str) -> None:
    st.session_state.pop(f"hone_back_{token}", None)


def _send(project: Project, person: Person, pair: Pair, token: str, done: Callable[[], None]) -> None:
    def deed() -> str:
        chosen = st.session_state.get(f"back-who-{token}") or []
        comment = st.session_state.get(f"back-why-{token}") or ""
        sent = sending_back.send_back_all(
            shell.store(), project, person, pair.id, chosen, comment, request_key=f"back-{token}"
        )
        _close(token)
        done()
        return f"Pair {pair.number}: {parts.count(len(sent), 'opinion')} sent back."

    shell.act(deed)
