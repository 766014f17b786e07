"""People: who has an account, what they may do, and the one-time links by which they choose a password."""

from functools import partial

import streamlit as st

from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import esc
from hone.storage import people, roles
from hone.storage.people import ROLES, Person
from hone.storage.store import Cursor

SAYS = {
    "expert": "reviews pairs",
    "reviewer": "judges two answers blind",
    "lead": "imports, decides, freezes, trains, reports",
    "admin": "adds people, and may do what a lead does",
}
_LINK = "hone_invitation"


def page() -> None:
    """Draw the people and the form of a new account."""
    person = shell.signed_in("admin")
    parts.heading("People", "Everybody signs in under their own name: an opinion without a person is worth nothing.")
    shell.said()
    _link()
    with shell.trouble():
        _add(person)
        with shell.store().read() as cursor:
            found = people.everyone(cursor)
        parts.section("Accounts")
        for each in found:
            _row(person, each)


def _link() -> None:
    """The link of the account that was just made; it is shown once and not kept."""
    made = st.session_state.pop(_LINK, None)
    if not made:
        return
    name, token = made
    with st.container(key="card-link"):
        st.html(
            f"<b>Send this link to {esc(name)}.</b>"
            '<div class="h-small">It works once, for a week, and is shown only now.</div>'
        )
        st.code(f"{_address()}/welcome?token={token}", language=None, wrap_lines=True)


def _address() -> str:
    """Where this server is reached from this browser."""
    return "/".join((st.context.url or "").split("/")[:3])


def _add(by: Person) -> None:
    with st.expander("Add a person", icon=":material/person_add:"):
        left, right = st.columns(2)
        left.text_input("Name to sign in with", key="person-name", placeholder="ana.meyer")
        right.text_input("Full name", key="person-full", placeholder="Ana Meyer")
        left.text_input("Email, for single sign-on", key="person-email", placeholder="if you use it")
        with right:
            st.pills("Roles", ROLES, selection_mode="multi", default=["expert"], key="person-roles", wrap=True)
        st.html('<div class="h-small">' + " · ".join(f"<b>{role}</b> {says}" for role, says in SAYS.items()) + "</div>")
        st.button("Add", key="person-add", type="primary", on_click=partial(shell.act, partial(_added, by)))


def _added(by: Person) -> str:
    by.must("admin")
    state = st.session_state
    # Read here: the writer's thread has no session of its own.
    name, full_name, email = (str(state.get(f"person-{part}") or "").strip() for part in ("name", "full", "email"))
    roles = tuple(state.get("person-roles") or ())

    def change(cursor: Cursor) -> tuple[Person, str]:
        made = people.add(cursor, name, roles, full_name=full_name, email=email or None, by=by.id)
        return made, people.invite(cursor, made)

    made, token = shell.store().write(change)
    state[_LINK] = (made.full_name, token)
    for part in ("name", "full", "email"):
        state[f"person-{part}"] = ""
    return f"{made.full_name} has an account."


def _row(by: Person, each: Person) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"row-{each.id}"):
        marks = (parts.chip("example account", "unsure") if each.example else "") + (
            "" if each.active else parts.chip("closed")
        )
        st.html(
            f'<div><b>{esc(each.full_name)}</b> <span class="h-small">{esc(each.name)}</span> {marks}</div>',
            width="stretch",
        )
        st.pills(
            "Roles",
            ROLES,
            selection_mode="multi",
            default=list(each.roles),
            key=f"roles-{each.id}",
            label_visibility="collapsed",
            on_change=partial(shell.act, partial(_set_roles, by, each)),
        )
        st.button("New link", key=f"invite-{each.id}", type="tertiary", on_click=partial(_invite, by, each))


def _set_roles(by: Person, each: Person) -> str:
    wanted = tuple(st.session_state.get(f"roles-{each.id}") or ())
    try:
        shell.store().write(lambda cursor: roles.set_roles(cursor, each, wanted, by))
    except Exception:
        st.session_state.pop(f"roles-{each.id}", None)  # show again what stands
        raise
    return f"{each.full_name} is now {', '.join(wanted) or 'without a role'}."


def _invite(by: Person, each: Person) -> None:
    def deed() -> None:
        by.must("admin")
        token = shell.store().write(lambda cursor: people.invite(cursor, each))
        st.session_state[_LINK] = (each.full_name, token)

    shell.act(deed)
