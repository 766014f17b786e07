"""The next batch before it is frozen: what is in, how it spreads, what is missing, what stays out and why."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from hone.labeling import filtering
from hone.labeling.batches import balance as batch_balance
from hone.labeling.batches import freezing as frozen
from hone.labeling.batches import plan as batch_plan
from hone.labeling.batches.balance import Balance, Field, Share
from hone.labeling.batches.plan import Plan
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, esc
from hone.storage import approved
from hone.storage.batches import SPLITS, Split
from hone.storage.filters import PairFilter
from hone.storage.projects import Project

SAYS = {"train": "the model learns from these", "validation": "say when to stop", "test": "never learnt, only judged"}
LARGE = 20_000  # approved pairs; more are planned when somebody asks for it, as it takes seconds
SHOWN = 200
BARS = 12  # values that a chart shows


def planned(project: Project, wanted: PairFilter, number: int) -> Plan | None:
    """The plan of what is approved now, kept until something changes; None while nobody has asked for a large one."""
    with shell.store().read() as cursor:
        stamp = approved.stamp(cursor, project.id)
    key = (project.id, filtering.text_of(wanted), stamp)
    if number > LARGE and key not in _asked():
        parts.note(f"{number:,} approved pairs are compared with each other for near-duplicates: some seconds.")
        st.button("Work out the plan", key="plan", type="primary", on_click=_asked().add, args=(key,))
        return None
    with st.spinner("Comparing all approved texts, splitting by group", show_time=True):
        return _plan(shell.store(), project, wanted, *key)


@st.cache_resource(show_spinner=False)
def _asked() -> set[tuple[str, ...]]:
    """The large plans that somebody asked for since the server started."""
    return set()


@st.cache_resource(max_entries=2, ttl=900, show_spinner=False)  # 100,000 pairs are some 200 MB
def _plan(_store: Any, _project: Project, _wanted: PairFilter, *_key: str) -> Plan:
    return batch_plan.plan(_store, _project, _wanted)


def draw(project: Project, plan: Plan) -> None:
    """The figures of a plan, what to know about it, its balance and what it lacks."""
    parts.stats(
        ("Pairs", len(plan.items), f"in {parts.count(len({item.group for item in plan.items}), 'group')}"),
        *((split.capitalize(), plan.counts.get(split, 0), SAYS[split]) for split in SPLITS),
        ("Left out", sum(plan.left_out.values()), "why is told below"),
    )
    for warning in plan.warnings:
        parts.message(warning, "unsure")
    if plan.problem:
        parts.message(plan.problem, "bad")
    floor = int(st.session_state.get("batch-floor", batch_balance.FLOOR))
    found = batch_balance.balance(shell.store(), project, plan, floor)
    _balance(found)
    _lacks(project, found, floor)
    _left_out(plan)


def _balance(found: Balance) -> None:
    groups = found.groups
    if not groups.pairs:
        return
    parts.section("Balance")
    spread = ", ".join(f"{groups.counts[split]:,} {split}" for split in SPLITS)
    largest = f" The largest is “{clipped(groups.largest or '', 60)}” with {parts.count(groups.pairs, 'pair')}."
    alone = groups.pairs == 1
    parts.note(f"Groups: {spread}." + (" Each pair is its own." if alone else largest))
    legend(SPLITS)
    columns = st.columns(2, gap="large") if len(found.fields) > 1 else [st.container()]
    for place, field in enumerate(found.fields):
        with columns[place % len(columns)]:
            bars(field)


def legend(splits: Iterable[Split]) -> None:
    """Which shade of a bar is which split."""
    st.html(parts.ROW.format("".join(f'<span class="h-key {split}">{split}</span>' for split in splits)))


def bars(field: Field) -> None:
    """A field as bars, one for each value, cut by split."""
    most = max((share.total for share in field.shares), default=0) or 1
    body = "".join(_bar(share, most) for share in field.shares[:BARS])
    more = f'<p class="h-small">and {len(field.shares) - BARS} more</p>' if len(field.shares) > BARS else ""
    name = esc(field.name.removeprefix("metadata."))
    st.html(f'<div class="h-eyebrow">{name}</div><div class="h-bars">{body}</div>{more}')


def _bar(share: Share, most: int) -> str:
    cuts = "".join(
        f'<i class="{split}" style="width:{100 * share.counts[split] / most:.2f}%"></i>'
        for split in SPLITS
        if share.counts[split]
    )
    said = ", ".join(f"{share.counts[split]} {split}" for split in SPLITS)
    return (
        f"<span>{esc(clipped(share.value, 40))}</span>"
        f'<div class="h-cuts" role="img" aria-label="{esc(said)}" title="{esc(said)}">{cuts}</div>'
        f'<b class="h-num">{share.total:,}</b>'
    )


def _lacks(project: Project, found: Balance, floor: int) -> None:
    parts.section("What is missing")
    if found.aim is not None and found.to_aim is not None:
        parts.progress(
            found.aim - found.to_aim,
            found.aim,
            f"{found.aim - found.to_aim:,} of {found.aim:,} approved pairs that the project aims for",
        )
        if project.settings.aim_reason:
            parts.note(project.settings.aim_reason)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html('<span class="h-note">A slice needs at least</span>', width="content")
        st.number_input("Floor", 1, 1000, floor, key="batch-floor", label_visibility="collapsed", width=120)
        st.html('<span class="h-note">approved pairs, or its figures say little.</span>', width="stretch")
    if not found.fields:
        parts.note("The pairs have no metadata to slice by. Map a column to metadata.NAME when you import.")
    elif not found.missing:
        parts.note(f"Every slice has {floor} or more.")
    for place, lack in enumerate(found.missing[:8]):
        _lack(lack, place)
    if len(found.missing) > 8:
        parts.note(f"and {len(found.missing) - 8} more slices.")


def _lack(lack: batch_balance.Missing, place: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"row-lack-{place}"):
        waits = f"{parts.count(lack.waiting, 'pair')} not decided yet" if lack.waiting else "none is waiting"
        st.html(
            f'<div class="h-lack"><div><b>{esc(clipped(lack.value, 50))}</b> '
            f'<span class="h-small">{esc(lack.field.removeprefix("metadata."))}</span></div>'
            f'{parts.bar(lack.held, lack.floor)}<span class="h-num">{lack.held} of {lack.floor}</span>'
            f'<span class="h-small">{esc(waits)}</span></div>',
            width="stretch",
        )
        if lack.waiting and lack.field.startswith("metadata."):
            if st.button("See them", key=f"see-{place}", type="tertiary"):
                metadata = {lack.field.removeprefix("metadata."): lack.value}
                shell.go("pairs", where=filtering.text_of(PairFilter(states=("open",), metadata=metadata)))
        else:
            st.space("small")


def _left_out(plan: Plan) -> None:
    if not plan.left_out:
        return
    with st.expander(f"Why {parts.count(sum(plan.left_out.values()), 'pair')} stay out"):
        reasons(plan.left_out)
        if plan.exclusions:
            exclusions(plan.exclusions)


def reasons(left_out: dict[str, int]) -> None:
    """How many pairs stay out for which reason."""
    rows = [(esc(reason), f"{count:,}") for reason, count in sorted(left_out.items())]
    parts.table(("Reason", "Pairs"), rows, right=(1,))


def exclusions(found: Iterable[Any]) -> None:
    """The approved pairs that stay out, the first of them."""
    listed = list(found)
    rows = [(f"#{each.pair_number}", esc(each.reason), esc(each.detail)) for each in listed[:SHOWN]]
    parts.table(("Approved pair", "Reason", "Detail"), rows)
    if len(listed) > SHOWN:
        parts.note(f"and {len(listed) - SHOWN:,} more; `hone batch show --json` lists all.")


def digest(plan: Plan) -> str:
    """The hash that a batch of this plan would have."""
    return _digest(plan, plan.basis, len(plan.items), filtering.text_of(plan.chosen))


@st.cache_resource(max_entries=4, ttl=900, show_spinner=False)
def _digest(_plan: Plan, *_key: object) -> str:
    return frozen.batch_hash(_plan.items)
