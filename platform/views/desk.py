"""Review desk: an expert reads one pair, corrects the response, rates it, flags words, decides."""

from contextlib import suppress
from functools import partial

import streamlit as st

from hone.labeling import desk
from hone.labeling.desk import DeskView
from hone.labeling.diff import word_diff
from hone.labeling.saying import Verdict
from hone.platform.frame import parts, shell
from hone.platform.frame.desk_form import Form, follow
from hone.platform.frame.safe_html import clipped, esc, plain, prose
from hone.platform.frame.span_marker import Mark, selection, shown, span_marker
from hone.platform.views import flagging
from hone.storage.errors import Conflict
from hone.storage.people import Person
from hone.storage.projects import Dimension, Project
from hone.storage.reviews import Field

SKIP_REASONS = ("Not my field", "Unclear instruction", "Broken text", "Needs a lead")
_HELD = "hone_desk_held"
KEEP_EVERY = 240  # seconds; a lease lasts 15 minutes


def page() -> None:
    """Draw the desk."""
    person = shell.signed_in("expert")
    project = shell.project(person)
    _desk(project, person)
    _stay(project, person)


@st.fragment(run_every=KEEP_EVERY)
def _stay(project: Project, person: Person) -> None:
    """Renew the lease while the page is open. One that is lost is said at the decision, where it matters."""
    token = st.session_state.get(_HELD)
    if token:
        with suppress(Conflict):
            desk.keep_lease(shell.store(), project, person, token)


@st.fragment
def _desk(project: Project, person: Person) -> None:
    """One pair. Only this part runs again after a decision, so that the next pair is there at once."""
    with shell.trouble():
        view = desk.next_view(shell.store(), project, person)
        _top(view, shell.saved_mark())
        if view.pair is None or view.lease is None or view.revision is None:
            _all_done(project, person, view)
            return
        form = Form(view.lease.token, view.revision.response, project.settings)
        form.start(view)
        st.session_state[_HELD] = form.token
        left, right = st.columns([1.5, 1], gap="large")
        with left:
            _texts(project, person, view, form)
        with right:
            _opinion(project, person, form)
        _decisions(project, person, view, form)


def _top(view: DeskView, saved: str) -> None:
    pair = view.pair
    chips = ""
    if pair:
        why = "new pair" if view.why == "new" else f"why now: {view.why}"
        chips = parts.chip(f"Pair {pair.number}") + parts.chip(clipped(why, 90), "" if view.why == "new" else "unsure")
        chips += parts.chip(clipped(pair.group, 40)) if pair.group else ""
        chips += parts.chip(f"round {pair.round}", "accent") if pair.round > 1 else ""
    total = view.done + view.waiting
    st.html(
        f'<div class="h-top"><h1 class="h-title">Review</h1>{parts.ROW.format(chips)}'
        f'<div class="h-progress">{saved}<span>{view.done:,} done, {view.waiting:,} to go</span>'
        f"{parts.bar(view.done, total)}</div></div>"
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
            _undo(project, person)


def _texts(project: Project, person: Person, view: DeskView, form: Form) -> None:
    seen = view.revision
    if seen is None:
        return
    marks = _marks(form)
    ask = [shown("instruction", "Instruction", seen.instruction, marks["instruction"])]
    if seen.context:
        ask.append(shown("context", "Context", seen.context, marks["context"], "h-quote h-quiet"))
    texts: dict[Field, str] = {"instruction": seen.instruction, "context": seen.context, "response": form.text}
    key = form.key("ask")
    span_marker(ask, key, partial(_select, form, key, texts))
    st.text_area(
        "Response",
        key=form.key("text"),
        height="content",
        on_change=partial(_typed, project, person, form),
    )
    key = form.key("reading")
    label = "Your version, changes marked" if form.edited else "Select words to flag them"
    pieces = word_diff(form.original, form.text) if form.edited else form.text
    span_marker([shown("response", label, pieces, marks["response"])], key, partial(_select, form, key, texts))
    if form.edited:
        st.button(
            "Back to the original",
            key=form.key("reset"),
            type="tertiary",
            icon=":material/undo:",
            on_click=partial(_reset, project, person, form),
        )
    if project.settings.guidelines:
        with st.expander("Guidelines", icon=":material/menu_book:"):
            st.html(prose(project.settings.guidelines))


def _marks(form: Form) -> dict[Field, list[Mark]]:
    names = {category.key: category.name for category in form.settings.taxonomy}
    found: dict[Field, list[Mark]] = {"instruction": [], "context": [], "response": []}
    for flag in form.flags:
        found[flag.field].append(Mark(start=flag.start, end=flag.end, title=names.get(flag.category, flag.category)))
    if form.marked:
        marked = form.marked
        found[marked.field].insert(0, Mark(start=marked.start, end=marked.end, title="selected", pending=True))
    return found


def _opinion(project: Project, person: Person, form: Form) -> None:
    flagging.draw(form, partial(_keep, project, person, form))
    for dimension in project.settings.rubric:
        _rate(dimension, form)
    if project.settings.categories:
        st.pills(
            "What is wrong, if anything",
            project.settings.categories,
            selection_mode="multi",
            format_func=plain,
            key=form.key("categories"),
            on_change="ignore",
            wrap=True,
        )
    st.text_area("Note", key=form.key("note"), height=68, on_change="ignore", placeholder="For the lead, if needed")


def _rate(dimension: Dimension, form: Form) -> None:
    st.segmented_control(
        f"**{plain(dimension.name)}** &ensp;{plain(dimension.question)}",
        sorted(dimension.anchors),
        key=form.key(f"rate-{dimension.key}"),
        on_change="ignore",
        width="stretch",
    )
    scores = sorted(dimension.anchors)
    chosen = (scores[0], scores[len(scores) // 2], scores[-1])
    anchors = "".join(f"<span><b>{score}</b> {esc(dimension.anchors[score])}</span>" for score in chosen)
    st.html(f'<div class="h-anchors">{anchors}</div>')


def _decisions(project: Project, person: Person, view: DeskView, form: Form) -> None:
    """What to do with the pair, always in reach; the keys work while no text is being typed."""
    decide = partial(_decide, project, person, view, form)
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", key=form.key("decide")
    ):
        if st.session_state.get(form.key("skipping")):
            st.html("Why skip it?")
            for index, reason in enumerate(SKIP_REASONS, start=1):
                st.button(
                    reason, key=form.key(f"skip{index}"), shortcut=str(index), on_click=partial(decide, "skip", reason)
                )
            st.button("Cancel", key=form.key("stay"), type="tertiary", on_click=partial(_skipping, form, False))
            return
        if view.last:
            _undo(project, person, form.token)
        st.space("stretch")
        st.button("Skip", key=form.key("skip"), shortcut="S", on_click=partial(_skipping, form, True))
        st.button("Reject", key=form.key("bad"), shortcut="X", on_click=partial(decide, "reject"))
        label = "Approve with changes" if form.edited else "Approve"
        st.button(label, key=form.key("good"), shortcut="A", type="primary", on_click=partial(decide, "approve"))


def _undo(project: Project, person: Person, token: str = "none") -> None:
    shell.undo_button(token, partial(_take_back, project, person))


def _decide(
    project: Project, person: Person, view: DeskView, form: Form, decision: Verdict, note: str | None = None
) -> None:
    def deed() -> str:
        said = form.opinion(decision, note)
        pair = view.pair
        name = f"desk-{form.token}"
        desk.submit(
            shell.store(),
            project,
            person,
            form.token,
            said,
            shell.request_key(name),
            pair_id=pair.id if pair else None,
            seen=view.revision.id if view.revision else None,
        )
        shell.spent(name)
        word = {"approve": "approved", "reject": "rejected", "skip": "skipped"}[decision]
        return f"Pair {pair.number if pair else ''} {word} and saved."

    shell.act(deed)


def _take_back(project: Project, person: Person) -> str:
    undone = desk.undo(shell.store(), project, person, shell.request_key("desk-undo"))
    shell.spent("desk-undo")
    return "Taken back: the pair is here again, with what you had said." if undone else "There is nothing to take back."


def _keep(project: Project, person: Person, form: Form) -> None:
    desk.save_draft(shell.store(), project, person, form.token, form.draft())


def _typed(project: Project, person: Person, form: Form) -> None:
    def deed() -> str:
        form.flags = follow(form.flags, form.text)
        _keep(project, person, form)
        return "Draft saved."

    shell.act(deed)


def _reset(project: Project, person: Person, form: Form) -> None:
    st.session_state[form.key("text")] = form.original
    _typed(project, person, form)


def _select(form: Form, key: str, texts: dict[Field, str]) -> None:
    form.marked = selection(key, texts) or form.marked


def _skipping(form: Form, on: bool) -> None:
    st.session_state[form.key("skipping")] = on
