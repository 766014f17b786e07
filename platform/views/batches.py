"""Batches: what would be frozen now, freezing it, and the batches so far with their hashes."""

from functools import partial

import streamlit as st

from hone.labeling import batch_plan
from hone.labeling import batches as frozen
from hone.labeling.batch_plan import Plan
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import esc
from hone.storage import batches, pairs
from hone.storage.batches import SPLITS, Batch
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import now


def page() -> None:
    """Draw the plan of the next batch and the list of the frozen ones."""
    person = shell.signed_in("lead")
    project = shell.project(person)
    parts.heading(
        "Batches",
        "A batch is a frozen copy of every approved text with its split. Models learn from batches only, so that a "
        "result can always be walked back to the words.",
    )
    shell.said()
    with shell.store().read() as cursor:
        made = batches.listing(cursor, project.id)
    with shell.trouble():
        _next(project, person, batch_plan.plan(shell.store(), project), made)
    _so_far(made)


def _next(project: Project, person: Person, plan: Plan, made: list[Batch]) -> None:
    parts.section("What would be frozen now")
    with shell.store().read() as cursor:
        approved = pairs.counts(cursor, project.id)["approved"]
    if not approved:
        parts.empty("Nothing is approved yet", "Approved pairs gather here until you freeze them.")
        shell.way_on("review", "Review pairs")
        shell.way_on("pairs", "See the pairs", primary=False)
        return
    parts.stats(
        ("Pairs", len(plan.items), f"in {parts.count(len({item.group for item in plan.items}), 'group')}"),
        *((split.capitalize(), plan.counts.get(split, 0), _SAYS[split]) for split in SPLITS),
        ("Left out", _left_out(plan), "see below why"),
    )
    for warning in plan.warnings:
        parts.message(warning, "unsure")
    if plan.problem:
        parts.message(plan.problem, "bad")
    if plan.left_out:
        with st.expander(f"Why {parts.count(_left_out(plan), 'pair')} stay out"):
            parts.table(
                ("Reason", "Pairs"),
                [(esc(reason), f"{count:,}") for reason, count in sorted(plan.left_out.items())],
                right=(1,),
            )
            if plan.exclusions:
                shown = [(f"#{each.pair_number}", esc(each.reason), esc(each.detail)) for each in plan.exclusions[:200]]
                parts.table(("Approved pair", "Reason", "Detail"), shown)
    same = next((batch for batch in made if batch.sha256 == frozen.batch_hash(plan.items)), None)
    if same:
        parts.note(f"Nothing was approved since: batch {same.number} holds exactly this.")
    elif not plan.problem:
        _freeze(project, person, len(made) + 1)


_SAYS = {"train": "the model learns from these", "validation": "say when to stop", "test": "never learnt, only judged"}


def _left_out(plan: Plan) -> int:
    """How many pairs stay out."""
    return sum(plan.left_out.values())


def _freeze(project: Project, person: Person, number: int) -> None:
    def deed() -> str:
        made = frozen.freeze(shell.store(), project, person, st.session_state["batch-name"] or "")
        return f"Batch {made.number} is frozen: {parts.count(sum(made.counts.values()), 'pair')}."

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Name", placeholder=f"Batch {number}", key="batch-name", max_chars=80, width=320)
        st.button("Freeze this batch", type="primary", key="freeze", on_click=partial(shell.act, deed))


def _so_far(made: list[Batch]) -> None:
    if not made:
        return
    parts.section("Frozen batches")
    names = shell.names_of({batch.frozen_by for batch in made})
    for batch in reversed(made):
        with st.container(key=f"card-batch-{batch.number}"):
            _batch(batch, names.get(batch.frozen_by, ""))


def _batch(batch: Batch, by: str) -> None:
    splits = "".join(parts.chip(f"{split} {batch.counts.get(split, 0):,}") for split in SPLITS)
    left = sum(batch.left_out.values())
    aside = parts.chip(f"{left:,} left out") if left else ""
    st.html(
        f'<div class="h-top"><h2 class="h-title">{esc(batch.number)}. {esc(batch.name)}</h2>'
        f'{parts.ROW.format(splits + aside)}<div class="h-progress">frozen {parts.ago(batch.frozen_at, now())}'
        f" by {esc(by)}</div></div>"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.code(f"sha256 {batch.sha256}", language=None, wrap_lines=True, width=640)
        st.space("stretch")
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
