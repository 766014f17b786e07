"""Batches: what would be frozen now, freezing it, the batches so far with their hashes, and one beside another."""

from functools import partial
from itertools import pairwise

import streamlit as st

from hone.labeling import filtering
from hone.labeling.batches import freezing as frozen
from hone.labeling.batches.plan import Plan
from hone.platform.frame import filter_line, parts, shell
from hone.platform.frame.safe_html import esc
from hone.platform.views import batch_one, batch_plan
from hone.storage import batches, pairs
from hone.storage.batches import SPLITS, Batch
from hone.storage.filters import PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import now


def page() -> None:
    """Draw the plan of the next batch and the list of the frozen ones, or the batch that was opened."""
    person = shell.signed_in("lead")
    project = shell.project(person)
    opened = shell.inside("batches")
    if opened:
        with shell.trouble():
            batch_one.draw(project, *opened)
        return
    parts.heading(
        "Batches",
        "A batch is a frozen copy of every approved text with its split. Models learn from batches only, so that a "
        "result can always be walked back to the words.",
    )
    shell.said()
    with shell.store().read() as cursor:
        made = batches.listing(cursor, project.id)
    with shell.trouble():
        _next(project, person, made)
    _so_far(made)


def _next(project: Project, person: Person, made: list[Batch]) -> None:
    parts.section("What would be frozen now")
    with shell.store().read() as cursor:
        approved = pairs.counts(cursor, project.id)["approved"]
    if not approved:
        parts.empty("Nothing is approved yet", "Approved pairs gather here until you freeze them.")
        shell.way_on("review", "Review pairs")
        shell.way_on("pairs", "See the pairs", primary=False)
        return
    wanted = filter_line.chosen(project, person)
    filter_line.draw(project, person, wanted, "batch")
    plan = batch_plan.planned(project, wanted, approved)
    if plan is None:
        return
    batch_plan.draw(project, plan)
    _freeze(project, person, wanted, plan, made)


def _freeze(project: Project, person: Person, wanted: PairFilter, plan: Plan, made: list[Batch]) -> None:
    digest = batch_plan.digest(plan)
    same = next((batch for batch in made if batch.sha256 == digest), None)
    if same:
        parts.note(f"Nothing was approved since: batch {same.number} holds exactly this.")
        return
    if plan.problem:
        return

    def deed() -> str:
        name = st.session_state["batch-name"] or ""
        batch = frozen.freeze(shell.store(), project, person, name, wanted=wanted, planned=plan)
        return f"Batch {batch.number} is frozen: {parts.count(sum(batch.counts.values()), 'pair')}."

    with st.container(horizontal=True, vertical_alignment="bottom", key="batch-freeze"):
        st.text_input("Name", placeholder=f"Batch {len(made) + 1}", key="batch-name", max_chars=80, width=320)
        st.button("Freeze this batch", type="primary", key="freeze", on_click=partial(shell.act, deed))


def _so_far(made: list[Batch]) -> None:
    if not made:
        return
    parts.section("Frozen batches")
    names = shell.names_of({batch.frozen_by for batch in made})
    before = {batch.number: earlier for earlier, batch in pairwise(made)}
    for batch in reversed(made):
        with st.container(key=f"card-batch-{batch.number}"):
            _batch(batch, names.get(batch.frozen_by, ""), before.get(batch.number))


def _batch(batch: Batch, by: str, earlier: Batch | None) -> None:
    splits = "".join(parts.chip(f"{split} {batch.counts.get(split, 0):,}") for split in SPLITS)
    left = sum(batch.left_out.values())
    aside = parts.chip(f"{left:,} left out") if left else ""
    chosen = filtering.text_of(batch.chosen)
    filtered = parts.chip(chosen, "accent") if chosen else ""
    st.html(
        f'<div class="h-top"><h2 class="h-title">{esc(batch.number)}. {esc(batch.name)}</h2>'
        f'{parts.ROW.format(splits + aside + filtered)}<div class="h-progress">frozen '
        f"{parts.ago(batch.frozen_at, now())} by {esc(by)}</div></div>"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.code(f"sha256 {batch.sha256}", language=None, wrap_lines=True, width=612)
        st.space("stretch")
        if earlier:
            st.button(
                f"Compare with batch {earlier.number}",
                key=f"compare-{batch.id}",
                type="tertiary",
                on_click=partial(shell.opened, "batches", (batch.id, earlier.id)),
            )
        st.button(
            "Open", key=f"open-{batch.id}", type="tertiary", on_click=partial(shell.opened, "batches", (batch.id, None))
        )
        st.button("Verify", key=f"verify-{batch.id}", on_click=partial(shell.act, partial(_verify, batch)))
        st.download_button(
            "Download JSONL",
            data=partial(_export, batch),
            file_name=f"batch-{batch.number}.jsonl",
            mime="application/jsonl",
            key=f"export-{batch.id}",
            on_click="ignore",
        )


def _verify(batch: Batch) -> str:
    frozen.verify(shell.store(), batch)
    return f"Batch {batch.number} is what was frozen: its items hash to {batch.sha256[:12]}…"


def _export(batch: Batch) -> bytes:
    path = shell.store().workspace.exports / f"batch-{batch.number}-{batch.sha256[:12]}.jsonl"
    return frozen.export_jsonl(shell.store(), batch, path).read_bytes()
