"""One frozen batch: what it holds and what was left out; and what led to it from another one."""

from functools import partial

import streamlit as st

from hone.labeling import filtering
from hone.labeling.batches import balance as batch_balance
from hone.labeling.batches import difference as batch_diff
from hone.labeling.batches.difference import Changed, Difference, OneSided
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, diff, esc
from hone.platform.views import batch_plan
from hone.storage import batches
from hone.storage.batches import SPLITS, Batch
from hone.storage.projects import Project


def draw(project: Project, batch_id: str, other_id: str | None) -> None:
    """The batch, or, with another one, what differs."""
    st.button(
        "All batches",
        key="batches-back",
        type="tertiary",
        icon=":material/arrow_back:",
        on_click=partial(shell.opened, "batches", None),
    )
    with shell.store().read() as cursor:
        batch = batches.get(cursor, batch_id)
        other = batches.get(cursor, other_id) if other_id else None
        made = batches.listing(cursor, project.id)
    _choice(batch, other, made)
    if other:
        _compared(batch_diff.difference(shell.store(), *_in_order(batch, other)))
    else:
        _alone(project, batch)


def _in_order(one: Batch, other: Batch) -> tuple[Batch, Batch]:
    return (one, other) if one.number < other.number else (other, one)


def _choice(batch: Batch, other: Batch | None, made: list[Batch]) -> None:
    """The heading, and the other batch to put beside it."""
    chosen = filtering.text_of(batch.chosen)
    with parts.heading_with(f"{batch.number}. {batch.name}", f"Chosen by {chosen}" if chosen else ""):
        others = {each.id: f"{each.number}. {each.name}" for each in made if each.id != batch.id}
        if others:
            key = f"beside-{batch.id}"
            st.session_state[key] = other.id if other else None
            st.selectbox(
                "Compare with",
                list(others),
                index=None,
                placeholder="No other batch",
                format_func=lambda each: str(others.get(each, each)),
                key=key,
                width=260,
                on_change=lambda: shell.opened("batches", (batch.id, st.session_state[key])),
            )


def _alone(project: Project, batch: Batch) -> None:
    with st.spinner("Reading the batch", show_time=True), shell.store().read() as cursor:
        items = batches.items(cursor, batch.id)
        left = batches.exclusions(cursor, batch.id)
    parts.stats(
        ("Pairs", len(items), f"in {parts.count(len({item.group for item in items}), 'group')}"),
        *((split.capitalize(), batch.counts.get(split, 0), batch_plan.SAYS[split]) for split in SPLITS),
        ("Left out", sum(batch.left_out.values()), ""),
    )
    fields = batch_balance.of_items(project, items)
    if fields:
        parts.section("Balance")
        batch_plan.legend(SPLITS)
        columns = st.columns(2, gap="large")
        for place, field in enumerate(fields):
            with columns[place % 2]:
                batch_plan.bars(field)
    parts.section("How it was made")
    shares = ", ".join(f"{share:.0%} {split}" for split, share in zip(SPLITS, batch.fractions, strict=True))
    parts.note(f"Split by group with seed {batch.seed}: {shares}.")
    st.code(f"sha256 {batch.sha256}", language=None, wrap_lines=True)
    if batch.left_out:
        parts.section("What was left out")
        batch_plan.reasons(batch.left_out)
        if left:
            batch_plan.exclusions(left)


def _compared(found: Difference) -> None:
    parts.stats(
        ("In both", found.same, "text and split unchanged"),
        ("Added", found.counts["added"], f"only in batch {found.after}"),
        ("Removed", found.counts["removed"], f"only in batch {found.before}"),
        ("Changed", found.counts["changed"], "another text"),
        ("Moved", found.counts["moved"], "to another split: must be none"),
    )
    if found.moved:
        rows = [(f"#{each.pair_number}", each.before, each.after) for each in found.moved]
        parts.message("Pairs changed their split: what was tested on may have been learnt.", "bad")
        parts.table(("Pair", f"Batch {found.before}", f"Batch {found.after}"), rows)
    if found.changed:
        _section("Changed", found.counts["changed"], len(found.changed))
        for changed in found.changed:
            st.html(_changed(changed))
    for title, listed, key in (("Added", found.added, "added"), ("Removed", found.removed, "removed")):
        if listed:
            _section(title, found.counts[key], len(listed))
            why = any(each.reason for each in listed)
            heads = ("Pair", "Split", "Response", *(("Why",) if why else ()))
            parts.table(heads, [_one_sided(each, why) for each in listed])
    if not any(found.counts.values()):
        parts.note("They hold the same pairs with the same texts.")


def _section(title: str, number: int, shown: int) -> None:
    parts.section(title, f"The first {shown} of {number:,}." if number > shown else "")


def _one_sided(each: OneSided, why: bool) -> tuple[str, ...]:
    cells = (f"#{each.pair_number}", each.split, esc(clipped(each.response, 140)))
    return (*cells, esc(each.reason or "")) if why else cells


def _changed(changed: Changed) -> str:
    body = "".join(
        f'<div class="h-eyebrow">{field}</div>{diff(pieces, "h-wide")}' for field, pieces in changed.pieces.items()
    )
    return f'<div class="h-card"><div class="h-small">Pair {changed.pair_number}, {changed.split}</div>{body}</div>'
