"""Start a run: which batch, which base, which method; then a look at what it would do, and the start."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import streamlit as st

from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import plain
from hone.platform.runs import iterations, preflight, run_config
from hone.platform.runs.bases import TOY, base_name
from hone.platform.runs.preflight import Look
from hone.platform.views import start_look, start_settings
from hone.platform.views.start_settings import TOO_LONG
from hone.storage import batches, models
from hone.storage.batches import Batch
from hone.storage.errors import NotFound
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.training.preflight import Preflight
from hone.training.presets import PRESETS

LOOK_EVERY = 1.0  # seconds, while a look goes on
OWN, GO_ON, SAME = "own", "go on", "same"
_LOOKED, _WISH = "start-looked", "start-wish"


@dataclass(frozen=True)
class Choice:
    """What the lead has chosen so far."""

    batch: Batch
    base: str | None
    parent: Model | None
    settings: tuple[str, ...]

    @property
    def key(self) -> str:
        """The same for the same choice: a look at another one says nothing."""
        return "\n".join([self.batch.id, self.base or "", self.parent.id if self.parent else "", *self.settings])


def draw(project: Project, person: Person) -> None:
    """Draw the form of a training run, and under it what a look at it found."""
    parts.heading("Train a model", "On a frozen batch, in a process of its own. You may close the page.")
    with shell.store().read() as cursor:
        made = list(reversed(batches.listing(cursor, project.id)))
        known = models.listing(cursor, project.id)
        champion = models.champion(cursor, project.id)
    if not made:
        parts.empty("No batch to learn from", "Freeze the approved pairs into a batch first.")
        return
    with st.container(width=720, gap="medium"):
        choice = _choice(project, made, known, champion)
    if choice is not None:
        with st.container(width=860, gap="medium"):
            _look(project, person, choice)


def _choice(project: Project, made: list[Batch], known: list[Model], champion: Model | None) -> Choice | None:
    batch = st.selectbox(
        "Batch",
        made,
        format_func=lambda each: f"{each.number}. {each.name} ({each.counts.get('train', 0):,} to learn)",
        key="start-batch",
    )
    base, parent = _base(project, known, champion)
    toy = base_name(base or "") == base_name(TOY)
    goes_on = parent is not None or (champion is not None and bool(champion.folder) and champion.base == base)
    usual = "continue" if parent is not None and not toy else run_config.usual_preset(project, base or "")
    settings = start_settings.choose(project, usual, goes_on, toy)
    if parent is None and PRESETS[settings[0].removeprefix("preset=")].continues and champion is not None:
        parts.note(f"Goes on from {champion.name}, the champion.")
    if base is not None and not base.strip():
        return None  # nothing is named yet
    return Choice(batch, base, parent, tuple(settings))


def _base(project: Project, known: list[Model], champion: Model | None) -> tuple[str | None, Model | None]:
    """The base to learn on, and the iteration to go on from."""
    grown = [model for model in reversed(known) if model.folder]
    own = known[0].base if known else str(project.settings.training.get("base") or "")
    toy_already = base_name(own) == base_name(TOY) if own else False
    options = [
        *([SAME] if own else []),
        *([GO_ON] if grown else []),
        *([] if toy_already else [TOY]),
        OWN,
    ]
    says = {
        SAME: f"The base of this project: {plain(base_name(own)) if own else ''}",
        GO_ON: "A model of an earlier iteration",
        TOY: "The toy base, made here in half a minute",
        OWN: "A folder or an id on the hub",
    }
    captions = {
        SAME: "Everything is learnt anew. Iterations on one base can be compared.",
        GO_ON: "What it knows is carried on; a share of earlier pairs keeps it from forgetting.",
        TOY: "Under a million parameters: to learn the tool with, not to use.",
        OWN: "For real work: an instruct model that this machine can hold.",
    }
    chosen = st.radio(
        "Base model",
        options,
        format_func=says.__getitem__,
        captions=[captions[each] for each in options],
        key="start-base",
    )
    if chosen == OWN:
        named = st.text_input("Folder or id", key="start-base-name", placeholder="Qwen/Qwen3-0.6B or /models/mine")
        return named or "", None
    if chosen == GO_ON:
        first = next((place for place, model in enumerate(grown) if champion and model.id == champion.id), 0)
        parent = st.selectbox(
            "Iteration",
            grown,
            index=first,
            format_func=lambda model: _iteration(model, champion),
            key="start-parent",
        )
        return parent.base if parent else None, parent
    return (own if chosen == SAME else TOY), None


def _iteration(model: Model, champion: Model | None) -> str:
    crown = ", the champion" if champion is not None and model.id == champion.id else ""
    return f"{plain(model.name)}{crown}"


def _look(project: Project, person: Person, choice: Choice) -> None:
    """The look at this choice: not begun, going on, or what it found with the start under it."""
    key, look_id = st.session_state.get(_LOOKED, ("", ""))
    look = _known(project, look_id) if key == choice.key else None
    look = _granted(project, person, choice, look)
    shell.said()
    if look is None:
        _offer(stale=bool(key))
    elif look.state == "running":
        st.fragment(_going_on, run_every=LOOK_EVERY)(project, person, look.id)
    elif look.state == "done" and look.result is not None:
        _found(choice, look, look.result)
    else:
        parts.message(look.message or "The look was stopped.", "bad" if look.state == "failed" else "")
        _offer(stale=False)


def _granted(project: Project, person: Person, choice: Choice, look: Look | None) -> Look | None:
    """Do what a button asked for, with the choice as it is now: a field may have changed with the very same click."""
    wish = st.session_state.pop(_WISH, "")
    if wish == "look":
        shell.act(partial(_begin, project, person, choice))
        key, look_id = st.session_state.get(_LOOKED, ("", ""))
        return _known(project, look_id) if key == choice.key else None
    if wish == "start at once" or (wish == "start" and look is not None):
        shell.act(partial(_start, project, person, choice))
        if shell.inside("training") != "start":
            st.rerun()
    return look


def _ask(wish: str) -> None:
    st.session_state[_WISH] = wish


def _known(project: Project, look_id: str) -> Look | None:
    try:
        return preflight.preflight(shell.runtime(), project, look_id)
    except NotFound:
        return None


def _offer(stale: bool) -> None:
    parts.note(
        "The settings have changed since the last look."
        if stale
        else "First a look: what is read and learnt, what does not fit, how long it takes. Nothing is learnt by it."
    )
    with shell.row():
        label = "Look again" if stale else "Look before starting"
        st.button(label, type="primary", key="start-look", on_click=_ask, args=("look",))
        st.button("Start at once", type="tertiary", key="start-run", on_click=_ask, args=("start at once",))


def _begin(project: Project, person: Person, choice: Choice) -> None:
    look = preflight.start_preflight(
        shell.runtime(),
        project,
        person,
        choice.batch,
        base=choice.base,
        parent=choice.parent,
        settings=choice.settings,
    )
    st.session_state[_LOOKED] = (choice.key, look.id)


def _going_on(project: Project, person: Person, look_id: str) -> None:
    look = _known(project, look_id)
    if look is None or look.state != "running":
        st.rerun()
    parts.progress(round(100 * look.share), 100, f"Looking: {look.stage}")
    st.button(
        "Stop looking",
        key="start-look-stop",
        type="tertiary",
        on_click=partial(_stop, project, person, look_id),
    )


def _stop(project: Project, person: Person, look_id: str) -> None:
    with suppress(NotFound):
        preflight.cancel_preflight(shell.runtime(), project, person, look_id)


def _found(choice: Choice, look: Look, found: Preflight) -> None:
    parts.section("Before it starts", f"A run on batch {choice.batch.number}, as chosen above.")
    start_look.findings(found)
    if found.overlong and found.limit is not None:
        _too_long(look, found, found.limit)
    start_look.draw(look, found)
    with shell.row():
        st.button(
            "Start the run",
            type="primary",
            key="start-run",
            disabled=bool(found.refusals),
            help="Something above stands against it." if found.refusals else None,
            on_click=_ask,
            args=("start",),
        )
        st.button("Look again", type="tertiary", key="start-look", on_click=_ask, args=("look",))


def _too_long(look: Look, found: Preflight, limit: int) -> None:
    longest = max(row.tokens for row in found.overlong)
    parts.section(
        "Rows that do not fit",
        f"{parts.count(len(found.overlong), 'row')} with more than {limit:,} tokens. A response is never cut.",
    )
    start_look.overlong(look, found.overlong, limit)
    offered = {
        TOO_LONG["truncate_prompt"]: ("too_long", "truncate_prompt"),
        TOO_LONG["drop"]: ("too_long", "drop"),
        f"Allow {longest:,} tokens": ("max_length", str(longest)),
    }
    with shell.row():
        for place, (label, setting) in enumerate(offered.items()):
            st.button(label, key=f"start-long-{place}", on_click=_take, args=setting)


def _take(name: str, value: str) -> None:
    """Put a setting that was offered beside the rows into its field, and look again."""
    st.session_state[f"start-{name}"] = value
    _ask("look")


def _start(project: Project, person: Person, choice: Choice) -> None:
    run = iterations.start_training(
        shell.runtime(),
        project,
        person,
        choice.batch,
        base=choice.base,
        parent=choice.parent,
        settings=choice.settings,
    )
    st.session_state.pop(_LOOKED, None)
    shell.opened("training", run.number)
