"""What every page stands in: who is here, which project, where to go, and what is said when something is wrong."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from hone.platform import runtime as processes
from hone.platform.access import identity
from hone.platform.frame import parts, theme
from hone.platform.frame.safe_html import esc, plain
from hone.platform.runtime import Runtime
from hone.storage import people, projects
from hone.storage.errors import Forbidden, HoneError
from hone.storage.people import Person, Role
from hone.storage.projects import Project
from hone.storage.records import new_id
from hone.storage.store import Store

_SAID = "hone_said"
_OPENED = "hone_opened"
_PAGE = "hone_page"
_PERSON = "hone_person"
_MARK = Path(__file__).parents[1] / "assets" / "mark.svg"


def runtime() -> Runtime:
    """The open workspace of this process."""
    return processes.current()


def store() -> Store:
    """Its store."""
    return runtime().store


def dress() -> None:
    """Page title, width and our style sheet; first on every page."""
    st.set_page_config(page_title="Hone", page_icon=str(_MARK), layout="wide")
    st.html(theme.style())


def visitor() -> Person | None:
    """Who sits at this browser, looked up anew each time; None for nobody.

    The session comes from the cookie of our sign-in page, by password or by a provider; tests put it into the state.
    """
    given = st.session_state.get("hone_session_token") or st.context.cookies.get(identity.COOKIE)
    return identity.person_of_cookie(runtime(), given)


def signed_in(*roles: Role) -> Person:
    """The person, or an invitation to sign in and the end of the page. Without the role: a word, and the end."""
    person = visitor()
    if person is None:
        parts.empty("Sign in to go on", "Hone keeps what each person said, so it has to know who you are.")
        with centre():
            st.link_button("Sign in", "/sign-in", type="primary")
        st.stop()
    if roles:
        try:
            person.must(*roles)
        except Forbidden as problem:
            parts.message(str(problem), "bad")
            st.stop()
    st.session_state[_PERSON] = person
    return person


def project(person: Person) -> Project:
    """The project that the person chose in the sidebar; without any, the way to the first one and the end."""
    with store().read() as cursor:
        found = projects.everything(cursor)
    if not found:
        parts.empty(
            "No project yet",
            "A project holds pairs, guidelines and models. Make one, then import a file of instructions and responses.",
        )
        if person.has("lead"):
            way_on("project", "Make a project")
        else:
            parts.note("A lead makes the first one. Come back a little later.")
        st.stop()
    wanted = st.session_state.get("hone_project") or st.query_params.get("project")
    chosen = next((each for each in found if wanted in (each.id, each.name)), found[0])
    st.session_state["hone_project"] = chosen.id
    return chosen


def choose_project() -> None:
    """The choice of the project, in the sidebar, when there is more than one."""
    with store().read() as cursor:
        names = {each.id: each.name for each in projects.everything(cursor)}
    if len(names) < 2:
        return
    wanted = st.session_state.get("hone_project") or st.query_params.get("project")
    known = next((key for key, name in names.items() if wanted in (key, name)), next(iter(names)))
    picked = st.selectbox("Project", list(names), index=list(names).index(known), format_func=names.__getitem__)
    if picked != known:
        leave()
    st.session_state["hone_project"] = picked
    st.query_params["project"] = names[picked]


def who_is_here(person: Person) -> None:
    """Name, roles and the way out, at the foot of the sidebar. Signing out is a POST: no link can trigger it."""
    letters = "".join(word[0] for word in person.full_name.split()[:2]).upper() or person.name[:1].upper()
    example = parts.ROW.format(parts.chip("example account", "unsure")) if person.example else ""
    st.html(
        f'<div class="h-person"><div class="h-face">{esc(letters)}</div><div><b>{esc(person.full_name)}</b>'
        f"<span>{esc(', '.join(person.roles) or 'no role yet')}</span></div></div>{example}"
        '<form class="h-out" method="post" action="/sign-out"><button type="submit">Sign out</button></form>'
    )


def register(pages: dict[str, Any]) -> None:
    """Remember the pages of this person, so that others can lead to them."""
    st.session_state["hone_pages"] = pages


def opened(name: str | None = None, value: Any = None) -> None:
    """Open something inside a page: a pair, a run, a report. None goes back to its list."""
    st.session_state[_OPENED] = (name, value) if name else None


def inside(name: str) -> Any:
    """What is open inside the page `name`, or None for its list."""
    kept = st.session_state.get(_OPENED)
    return kept[1] if kept and kept[0] == name else None


def leave() -> None:
    """Close what was open inside a page: another page or another project was chosen."""
    st.session_state[_OPENED] = None


def entered(page: str) -> None:
    """Note which page is drawn; a page that is entered anew shows its list."""
    if st.session_state.get(_PAGE) != page:
        leave()
    st.session_state[_PAGE] = page


def can_go(name: str) -> bool:
    """Whether the person has this page."""
    return name in st.session_state.get("hone_pages", {})


def go(name: str, where: str = "") -> None:
    """Leave for another page of the person; `where` is the filter that its list begins with."""
    if can_go(name):
        st.switch_page(st.session_state["hone_pages"][name], query_params={"where": where} if where else None)


def go_inside(name: str, value: Any) -> None:
    """Leave for something inside another page: one pair, one run."""
    if can_go(name):
        opened(name, value)
        st.session_state[_PAGE] = name  # as if it were entered already: entering it would show its list
        go(name)


def way_on(
    name: str, label: str, *, key: str = "", primary: bool = True, centred: bool = True, inside: str = ""
) -> None:
    """A button that leads to another page, or inside it; nothing when the person does not have that page."""
    if not can_go(name):
        return
    with centre() if centred else st.container():
        if st.button(plain(label), key=f"go-{name}-{key}", type="primary" if primary else "secondary"):
            if inside:
                go_inside(name, inside)
            go(name)


def centre() -> Any:
    """A row whose parts stand in the middle."""
    return st.container(horizontal=True, horizontal_alignment="center")


def row(key: str | None = None) -> Any:
    """A row of buttons."""
    return st.container(horizontal=True, vertical_alignment="center", key=key)


@contextmanager
def trouble() -> Generator[None]:
    """What a person can mend becomes one message where they are."""
    try:
        yield
    except HoneError as problem:
        parts.message(str(problem), "bad")


def act(deed: Callable[[], str | None]) -> None:
    """Do something as the callback of a button, and keep what is to be said of it for the page that follows.

    `deed` gives the word that confirms it, or None; a HoneError becomes the message instead. A page that was drawn
    for somebody with other roles, or who has signed out since, acts no more.
    """
    try:
        if visitor() != st.session_state.get(_PERSON):
            raise Forbidden("You were signed out, or your account was changed, since this page was drawn. Reload it.")
        said = deed()
        st.session_state[_SAID] = (said, "good") if said else None
    except HoneError as problem:
        st.session_state[_SAID] = (str(problem), "bad")


def undo_button(token: str, deed: Callable[[], str | None]) -> None:
    """The button, and the key U, that takes the last opinion back."""
    st.button(
        "Undo last",
        key=f"undo-{token}",
        shortcut="U",
        type="tertiary",
        icon=":material/undo:",
        on_click=partial(act, deed),
    )


def say(text: str) -> None:
    """Keep a word for the next run of the page."""
    st.session_state[_SAID] = (text, "good")


def said() -> None:
    """What the last act came to, once."""
    mark = saved_mark()
    if mark:
        st.html(mark)


def saved_mark() -> str:
    """The word that confirms the last act, as HTML, once; what went wrong is drawn as a message instead."""
    kept = st.session_state.pop(_SAID, None)
    if kept and kept[1] == "bad":
        parts.message(kept[0], "bad")
    return f'<span class="h-saved" role="status">{esc(kept[0])}</span>' if kept and kept[1] == "good" else ""


def request_key(name: str) -> str:
    """The key of a request to come; the same until `spent`, so that a click that came twice is one act."""
    key: str = st.session_state.setdefault(f"hone_request_{name}", new_id())
    return key


def spent(name: str) -> None:
    """The request went through: the next one gets a key of its own."""
    st.session_state.pop(f"hone_request_{name}", None)


def names_of(ids: set[str]) -> dict[str, str]:
    """The full names of people by id, for what a lead may see."""
    with store().read() as cursor:
        return {each.id: each.full_name for each in people.everyone(cursor) if each.id in ids}
