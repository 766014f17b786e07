"""What a look before the start found, on the page: figures, what is learnt, what does not fit, what it will take."""

from collections.abc import Sequence

import streamlit as st

from hone.platform.frame import parts
from hone.platform.frame.safe_html import clipped, esc
from hone.platform.runs.preflight import Look
from hone.training.folder import LEARNT
from hone.training.preflight import Estimate, Overlong, Preflight, TokenView

SHOWN = 50  # rows of a list
PARTS = {
    "start": "loading",
    "probe": "trying what is fast",
    "train": "training",
    "evaluate": "evaluating",
    "forgetting": "asking test items, before and after",
    "save": "saving",
}
OUTCOMES = {"refused": "would stop the run", "dropped": "left out", "shortened": "context shortened"}


TONES: dict[str, parts.Tone] = {"refusal": "bad", "warning": "unsure", "note": ""}


def findings(found: Preflight) -> None:
    """What stands or speaks against the run."""
    for finding in found.findings:
        parts.message(finding.text, TONES[finding.kind])


def draw(look: Look, found: Preflight) -> None:
    """Figures, what the run will take, what is learnt, the longest rows."""
    if found.splits:
        _figures(look, found)
    if found.estimate:
        _takes(found.estimate, look)
    if found.views:
        _learnt(look, found.views)
    if found.longest:
        _longest(look, found)
    if found.duplicates:
        _duplicates(look, found)


def overlong(look: Look, rows: Sequence[Overlong], limit: int) -> None:
    """The rows that do not fit, one by one."""
    listed = [(_row(look, row.id), row.split, f"{row.tokens:,}", _outcome(row)) for row in rows[:SHOWN]]
    parts.table(("Pair", "Split", "Tokens", f"With at most {limit:,}"), listed, right=(2,))
    if len(rows) > SHOWN:
        parts.note(f"and {len(rows) - SHOWN:,} more; `hone train --check --json` lists all.")


def _figures(look: Look, found: Preflight) -> None:
    learnt = [each for each in found.splits if each.split in LEARNT]
    rows, tokens = sum(each.rows for each in learnt), sum(each.tokens for each in learnt)
    again = sum(look.rehearsed.values())
    others = {each.split: each.rows for each in found.splits if each.split not in LEARNT}
    beside = ", ".join(f"{count:,} {split}" for split, count in others.items())
    parts.stats(
        ("Rows to learn", rows, f"{again:,} of them from earlier batches" if again else f"beside {beside}"),
        ("Tokens", tokens, "read in one pass"),
        ("Learnt tokens", sum(each.learnt for each in learnt), _share(sum(each.learnt for each in learnt), tokens)),
        (
            "Longest row",
            max((row.tokens for row in found.longest), default=0),
            f"tokens, of at most {found.limit or 0:,}",
        ),
    )


def _takes(told: Estimate, look: Look) -> None:
    parts.section("What it will take", "Measured on three steps of these rows, on this machine, at most.")
    if look.beside:
        runs = ", ".join(map(str, look.beside))
        parts.message(f"Run {runs} is at work on this machine at the same time: the time is rough.", "unsure")
    figures: list[tuple[str, object, str]] = [
        (
            "Time",
            parts.duration(told.total_seconds),
            f"{told.steps:,} steps, {told.tokens_per_second:,.0f} tokens a second",
        ),
        ("Memory", _bytes(told.memory_bytes), f"of {_bytes(told.memory_total)}" if told.memory_total < 1 << 60 else ""),
        ("Disk", _bytes(told.disk_bytes), f"{_bytes(told.disk_free)} are free"),
    ]
    if look.cost is not None:
        figures.append(("Cost", f"{look.cost:,.2f} {look.currency}".strip(), "by the project's price of an hour"))
    parts.stats(*figures)
    spent = ", ".join(
        f"{PARTS[part]} {parts.duration(seconds)}" for part, seconds in told.seconds.items() if seconds >= 0.5
    )
    parts.note(
        f"Of it {spent}. {told.trainable:,} of {told.parameters:,} weights learn "
        f"({_share(told.trainable, told.parameters)}); {told.precision}, rows {told.batching}, "
        f"{told.micro_batch} at once."
    )


def _learnt(look: Look, views: Sequence[TokenView]) -> None:
    parts.section("What is learnt", "Three rows as the model reads them, token by token; it learns what is marked.")
    names = ("shortest", "middling", "longest") if len(views) == 3 else ("shortest", "longest")
    tabs = st.tabs([f"{_plain_row(look, view.id)} ({name})" for view, name in zip(views, names, strict=False)])
    for tab, view in zip(tabs, views, strict=True):
        with tab:
            st.html(tokens(view))


def tokens(view: TokenView) -> str:
    """A row's tokens as HTML, the learnt ones marked."""
    out = [_token(*token) for token in view.tokens]
    if view.left_out:
        out.insert(view.cut, f'<span class="h-small"> … {view.left_out:,} tokens are not shown … </span>')
    if view.label is not None:
        out.append(f'<mark class="t">{esc(view.label)}</mark>')
    return f'<div class="h-tokens">{"".join(out)}</div>'


def _token(text: str, learnt: bool) -> str:
    shown = esc(text).replace("\n", '<i class="nl">↵</i>\n')
    return f'<mark class="t">{shown}</mark>' if learnt else f'<span class="t">{shown}</span>'


def _longest(look: Look, found: Preflight) -> None:
    parts.section("The longest rows")
    listed = [
        (_row(look, row.id), row.split, f"{row.tokens:,}", f"{row.learnt:,}", esc(clipped(row.begins, 90)))
        for row in found.longest
    ]
    parts.table(("Pair", "Split", "Tokens", "Learnt", "Begins"), listed, right=(2, 3))


def _duplicates(look: Look, found: Preflight) -> None:
    parts.section("Asked twice", "These rows would be learnt, and the same is asked in a test split.")
    listed = [
        (_row(look, each.id), _row(look, each.test_id), f"batch {each.batch}" if each.batch else "this batch")
        for each in found.duplicates[:SHOWN]
    ]
    parts.table(("Pair", "Asks the same as", "Test split of"), listed)


def _row(look: Look, row_id: str) -> str:
    return esc(_plain_row(look, row_id))


def _plain_row(look: Look, row_id: str) -> str:
    """A row as people know it: the pair's number, or the id of a generic row."""
    return f"#{look.numbers[row_id]}" if row_id in look.numbers else clipped(row_id, 24)


def _outcome(row: Overlong) -> str:
    return f"{OUTCOMES[row.outcome]} to {row.kept:,}" if row.outcome == "shortened" else OUTCOMES[row.outcome]


def _share(part: int, whole: int) -> str:
    share = 100 * part / whole if whole else 0.0
    return f"{share:.0f} % of them" if share >= 1 else f"{share:.2f} % of them"


def _bytes(number: int) -> str:
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.0f} MB"
