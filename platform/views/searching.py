"""Start a search for good settings: on which batch, over which ranges, how many trials."""

import streamlit as st

from hone.platform.frame import parts, shell
from hone.platform.runs import searching
from hone.platform.runs.bases import TOY, base_name
from hone.platform.runs.searching import Sampler
from hone.storage import batches, models
from hone.storage.batches import Batch
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.training.searching.space import PRESETS

SAMPLERS: dict[Sampler, str] = {"bayesian": "Learn from each trial", "grid": "Walk through a grid"}
SAYS: dict[Sampler, str] = {
    "bayesian": "Each trial is chosen by how the earlier ones fared: the way to go when the space is large.",
    "grid": "Every combination once, in a drawn order. A stretch counts as five points: both ends and three between.",
}


def draw(project: Project, person: Person) -> None:
    """Draw the form of a search."""
    lead = (
        "Each trial trains on parts of the batch's train split and is scored on the part that was held out. "
        "Validation and test stay unseen."
    )
    parts.heading("Search for good settings", lead)
    with shell.store().read() as cursor:
        made = list(reversed(batches.listing(cursor, project.id)))
        known = models.listing(cursor, project.id)
    with st.container(width=680, gap="medium"):
        _form(project, person, made, known)


def _form(project: Project, person: Person, made: list[Batch], known: list[Model]) -> None:
    with st.container(gap="xsmall"):
        batch = st.selectbox(
            "Batch",
            made,
            format_func=lambda each: f"{each.number}. {each.name} ({each.counts.get('train', 0):,} to learn)",
        )
        base = _base(project, known)
    ranges = _ranges(toy=base_name(base or "") == base_name(TOY))
    trials, folds = _how_many()
    sampler = _sampler()
    with st.expander("More settings"):
        prune = st.toggle(
            "Stop a trial whose folds are worse than most",
            value=True,
            key="search-prune",
            help="After four trials, the mean of the folds so far is held against the median of the earlier trials.",
        )
        same = st.text_area(
            "The same in every trial, one key=value in a line", key="search-set", height=80, placeholder="seed=7"
        )
    if batch:
        parts.note(_cost(batch, trials, folds))
    if st.button("Start the search", type="primary", key="start-search") and batch:
        with st.spinner("Preparing the run folder"):
            run = searching.start_search(
                shell.runtime(),
                project,
                person,
                batch,
                space=searching.chosen_space(None, _lines(ranges)),
                base=base,
                trials=trials,
                folds=folds,
                sampler=sampler,
                prune=prune,
                settings=_lines(same),
            )
        shell.opened("training", run.number)
        st.rerun()


def _base(project: Project, known: list[Model]) -> str | None:
    """The project's base, else one that is named here."""
    usual = known[0].base if known else str(project.settings.training.get("base", ""))
    if usual:
        parts.note(f"On the base of this project: {base_name(usual)}.")
        return usual
    return st.text_input("Base model", key="search-base", placeholder="toy, a folder, or an id on the hub") or None


def _ranges(toy: bool) -> str:
    usual = "toy" if toy else "rate"
    with st.container(gap="xsmall"):
        chosen = (
            st.segmented_control(
                "What to try",
                list(PRESETS),
                default=usual,
                required=True,
                format_func=lambda name: PRESETS[name].name,
                key=f"search-preset-{usual}",
            )
            or usual
        )
        parts.note(PRESETS[chosen].advice)
    return (
        st.text_area(
            "Ranges, one in a line",
            value="\n".join(PRESETS[chosen].space),
            key=f"search-space-{chosen}",
            height=170,
            help="name=low..high tries numbers between, with log behind it by their size; name=a,b,c tries these.",
        )
        or ""
    )


def _how_many() -> tuple[int, int]:
    left, right = st.columns(2)
    with left:
        trials = st.number_input("Trials", 1, 10_000, 12, key="search-trials")
    with right:
        folds = st.number_input(
            "Folds", 2, 20, 3, key="search-folds", help="Into so many parts the rows are cut, by whole groups."
        )
    return int(trials), int(folds)


def _sampler() -> Sampler:
    with st.container(gap="xsmall"):
        chosen = st.segmented_control(
            "How to choose them",
            list(SAMPLERS),
            default="bayesian",
            required=True,
            format_func=SAMPLERS.__getitem__,
            key="search-sampler",
        )
        found: Sampler = "grid" if chosen == "grid" else "bayesian"
        parts.note(SAYS[found])
    return found


def _cost(batch: Batch, trials: int, folds: int) -> str:
    rows = batch.counts.get("train", 0)
    learnt = rows - rows // folds
    return (
        f"At most {trials * folds:,} short trainings on {learnt:,} of the {rows:,} rows each: about "
        f"{trials * folds * learnt / max(rows, 1):,.0f} times as long as one training. Nothing of them is kept but "
        "how they fared."
    )


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]
