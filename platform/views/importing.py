"""The way in for a file: what it holds, which column is what, then the import with its progress and its refusals."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from hone.labeling import importing
from hone.labeling.importing import TARGETS, ImportResult, Mapping, Preview
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, esc, plain
from hone.storage.people import Person
from hone.storage.projects import Project

SAYS = {
    "instruction": "what the model is asked",
    "context": "the text it is asked about",
    "response": "the answer to learn from",
    "group": "document or author: one group never spans two splits",
    "key": "the row's own id",
}
_DONE = "hone_import_done"
MOST = 6  # columns in the preview
_NO = "(none)"
_SAME = "(the same text for all)"


def draw(project: Project, person: Person) -> None:
    """Draw the import of one file."""
    parts.heading(
        "Import pairs", "JSONL, CSV or JSON. Good rows go in, bad ones are named with their line; nothing is lost."
    )
    done: ImportResult | None = st.session_state.get(_DONE)
    if done:
        _result(done)
        return
    given = st.file_uploader("File", type=["jsonl", "json", "csv", "tsv", "txt"], label_visibility="collapsed")
    if given is None:
        return
    with shell.trouble():
        preview = _preview(given)
        _shown(preview)
        mapping = _mapping(given.file_id, preview)
        strict = st.checkbox(
            "Take nothing in if a row is bad",
            key=f"strict-{given.file_id}",
            help="The message then names the bad rows.",
        )
        if st.button(f"Import {preview.total:,} rows", key=f"import-{given.file_id}", type="primary"):
            _import(project, person, given, mapping, strict)


def _preview(given: Any) -> Preview:
    """What the file holds; read once, not again at each choice."""
    kept = st.session_state.get("hone_import_preview")
    if kept and kept[0] == given.file_id:
        found: Preview = kept[1]
        return found
    with st.spinner("Reading the file"), _on_disk(given) as path:
        found = importing.columns(path, given.name)
    st.session_state["hone_import_preview"] = (given.file_id, found)
    return found


@contextmanager
def _on_disk(given: Any) -> Generator[Path]:
    """The uploaded file as a file, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="hone-import-", dir=shell.store().workspace.root) as folder:
        path = Path(folder) / f"upload{Path(given.name).suffix[:10]}"
        path.write_bytes(given.getbuffer())
        yield path


def _shown(preview: Preview) -> None:
    broken = parts.chip(f"{parts.count(preview.broken, 'row')} cannot be read", "bad") if preview.broken else ""
    st.html(
        parts.ROW.format(
            parts.chip(preview.format.upper())
            + parts.chip(preview.encoding)
            + parts.chip(f"{preview.total:,} rows")
            + broken
        )
    )
    told = [name for name in preview.columns if any(row.get(name) for row in preview.rows)]
    cells = [[esc(clipped(row.get(name, ""), 90)) for name in told[:MOST]] for row in preview.rows[:3]]
    with st.container(key="card-preview"):
        st.html('<div class="h-eyebrow">The first rows</div>')
        parts.table([clipped(name, 24) for name in told[:MOST]], cells)
        if len(preview.columns) > len(told[:MOST]):
            parts.note(f"And {parts.count(len(preview.columns) - len(told[:MOST]), 'column')} more.")


def _mapping(file_id: str, preview: Preview) -> Mapping:
    parts.section(
        "Which column is what", "Short columns that you leave out are kept as metadata and can be filtered by."
    )
    guessed = importing.guess(preview.columns).fields
    fields: dict[str, str] = {}
    constants: dict[str, str] = {}
    for target in TARGETS:
        name, choice, text = st.columns([1.5, 1.4, 2], vertical_alignment="center")
        name.html(f'<b>{target.capitalize()}</b><div class="h-small">{esc(SAYS[target])}</div>')
        options = [_NO, *([_SAME] if target in ("instruction", "context", "group") else []), *preview.columns]
        usual = guessed.get(target, _SAME if target == "instruction" else _NO)
        with choice:
            picked = st.selectbox(
                target, options, index=options.index(usual), key=f"{target}-{file_id}", label_visibility="collapsed"
            )
        if picked == _SAME:
            with text:
                said = st.text_input(
                    f"{target} text",
                    key=f"{target}-text-{file_id}",
                    placeholder="Say in plain English what this clause means.",
                    label_visibility="collapsed",
                )
            constants[target] = said or ""
        elif picked != _NO:
            fields[target] = picked
            text.html(f'<span class="h-small">{esc(clipped(_first(preview, picked), 110))}</span>')
    return Mapping(fields=fields, constants={name: text for name, text in constants.items() if text.strip()})


def _first(preview: Preview, column: str) -> str:
    return next((row[column] for row in preview.rows if row.get(column)), "")


def _import(project: Project, person: Person, given: Any, mapping: Mapping, strict: bool) -> None:
    bar = st.progress(0.0, "Checking the rows")

    def tell(done: int, total: int) -> None:
        bar.progress(done / max(1, total), f"Checked {done:,} of {total:,} rows")

    with _on_disk(given) as path:
        done = importing.import_file(
            shell.store(), project, person, path, mapping, name=given.name, strict=strict, progress=tell
        )
    st.session_state[_DONE] = done
    st.rerun()


def _result(done: ImportResult) -> None:
    parts.stats(
        ("Added", done.added, "wait for the experts now"),
        ("Known already", done.known, "left as they were"),
        ("Refused", len(done.refused), "named below" if done.refused else "every row was good"),
    )
    if done.refused:
        parts.section(
            "Refused rows", f"Mend them in {done.file_name} and import it again: what is in already stays as it is."
        )
        with st.container(key="card-refused"):
            rows = [(f"{done.counted_in} {each.line:,}", esc(each.reason)) for each in done.refused[:200]]
            parts.table(("Where", "Why"), rows)
        if len(done.refused) > 200:
            parts.note(f"And {len(done.refused) - 200:,} more.")
    with shell.row():
        st.button(plain("Import another file"), key="again", on_click=_again)
        shell.way_on("review", "Review pairs", key="after-import", centred=False)
        shell.way_on("home", "Back to the loop", key="after-import", primary=False, centred=False)


def _again() -> None:
    st.session_state.pop(_DONE, None)
