"""Start a run: which batch, which base, which settings."""

import streamlit as st

from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import plain
from hone.platform.runs import iterations
from hone.platform.runs.bases import TOY, base_name
from hone.storage import batches, models
from hone.storage.batches import Batch
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.training.presets import PRESETS, preset

OWN = "own"
TOO_LONG = {"refuse": "Stop the run", "truncate_prompt": "Shorten the context", "drop": "Leave them out"}
FIELDS = {
    "epochs": "Passes",
    "learning_rate": "Learning rate",
    "lora_r": "LoRA rank",
    "max_length": "Longest row",
    "patience": "Patience",
}


def draw(project: Project, person: Person) -> None:
    """Draw the form of a training run."""
    parts.heading("Train a model", "A LoRA adapter on a frozen batch, in a process of its own. You may close the page.")
    with shell.store().read() as cursor:
        made = list(reversed(batches.listing(cursor, project.id)))
        known = models.listing(cursor, project.id)
    with st.container(width=680, gap="medium"):
        _form(project, person, made, known)


def _form(project: Project, person: Person, made: list[Batch], known: list[Model]) -> None:
    batch = st.selectbox(
        "Batch", made, format_func=lambda each: f"{each.number}. {each.name} ({each.counts.get('train', 0):,} to learn)"
    )
    base, parent = _base(known)
    settings = _settings(project, toy=base_name(base or "") == base_name(TOY))
    if st.button("Start the run", type="primary", key="start-run") and batch:
        _start(project, person, batch, base, parent, settings)


def _base(known: list[Model]) -> tuple[str | None, Model | None]:
    """The base to learn on, and the iteration to go on from."""
    toy_already = bool(known) and base_name(known[0].base) == base_name(TOY)
    options: list[str] = [*(["same"] if known else []), *([] if toy_already else [TOY]), OWN]
    says = {
        "same": f"The base of this project: {plain(known[0].name) if known else ''}",
        TOY: "The toy base, made here in half a minute",
        OWN: "A folder or an id on the hub",
    }
    captions = {
        "same": "Iterations on one base can be compared.",
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
    named = None
    if chosen == OWN:
        named = st.text_input("Folder or id", key="start-base-name", placeholder="Qwen/Qwen3-0.6B or /models/mine")
    base = known[0].base if chosen == "same" and known else TOY if chosen == TOY else named
    iterations_so_far = [model for model in known if model.folder and model.base == base]
    parent = None
    if iterations_so_far:
        parent = st.selectbox(
            "Go on from",
            [None, *iterations_so_far],
            format_func=lambda model: "The base itself" if model is None else f"Iteration {model.number}: {model.name}",
            key="start-parent",
        )
    return base, parent


def _settings(project: Project, toy: bool) -> list[str]:
    """A preset, on it what the project's rules say, and on that what is written here."""
    names = sorted(PRESETS)
    own = {name: str(value) for name, value in project.settings.training.items() if name != "base"}
    usual = own.pop("preset", "toy" if toy else "standard")
    usual = usual if usual in names else "standard"
    chosen = (
        st.segmented_control(
            "Settings", names, default=usual, required=True, format_func=str.capitalize, key=f"start-preset-{usual}"
        )
        or usual
    )
    parts.note(PRESETS[chosen].advice)
    given = {**{name: str(value) for name, value in preset(chosen).items()}, **own}
    with st.expander("More settings"):
        columns = st.columns(len(FIELDS))
        for column, (name, label) in zip(columns, FIELDS.items(), strict=True):
            with column:
                said = st.text_input(label, key=f"start-{name}", placeholder=given.get(name, "as usual"))
            if said and said.strip():
                given[name] = said.strip()
        too_long = st.segmented_control(
            "Rows that are longer",
            list(TOO_LONG),
            default=given.get("too_long", "refuse"),
            required=True,
            format_func=TOO_LONG.__getitem__,
            key="start-too-long",
        )
        given["too_long"] = too_long or "refuse"
        more = st.text_area("Others, one key=value in a line", key="start-more", height=80, placeholder="seed=7")
    return [*(f"{name}={value}" for name, value in given.items()), *_lines(more or "")]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _start(
    project: Project, person: Person, batch: Batch, base: str | None, parent: Model | None, settings: list[str]
) -> None:
    with st.spinner("Preparing the run folder"):
        run = iterations.start_training(
            shell.runtime(), project, person, batch, base=base, parent=parent, settings=settings
        )
    shell.opened("training", run.number)
    st.rerun()
