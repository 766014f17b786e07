"""The way in for a file: its rows as pairs before anything is stored, what will be refused, then the import."""

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from hone.labeling.files import importing, refusals
from hone.labeling.files.importing import TARGETS, Check, ImportResult, Mapping, Preview
from hone.labeling.files.rows import RowProblem
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, esc, plain
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import canonical

SAYS = {
    "instruction": "what the model is asked",
    "context": "the text it is asked about",
    "response": "the answer to learn from",
    "group": "document or author: one group never spans two splits",
    "key": "the row's own id",
}
KINDS = ["jsonl", "ndjson", "json", "csv", "tsv", "txt", "parquet", "arrow"]
LARGEST = 500  # megabytes; the page holds an upload in memory
SHOWN = 100  # refused rows
_DONE = "hone_import_done"
_LOOKED = "hone_import_look"
_CHECKED = "hone_import_check"
_NO = "(none)"
_SAME = "(the same text for all)"


def draw(project: Project, person: Person) -> None:
    """Draw the import of one file."""
    done: ImportResult | None = st.session_state.get(_DONE)
    if done:
        parts.heading("Imported", eyebrow=done.file_name)
        _result(done)
        return
    parts.heading("Import pairs", "You see every pair that goes in, and every row that does not, before it happens.")
    given = st.file_uploader(
        "File", type=KINDS, label_visibility="collapsed", key="import-file", max_upload_size=LARGEST
    )
    if given is None:
        _invitation()
        return
    with shell.trouble():
        preview = _look(given)
        mapping = _mapping(given.file_id, preview)
        if mapping is None:
            parts.note("Choose what gives the instruction: a column, or one text for all rows.")
            return
        checked = _check(project, given, mapping)
        _told(checked)
        _begin(project, person, given, mapping, checked)
        if checked.problems:
            _refused(checked.problems, checked.refused, checked.counted_in, "These rows will be refused")


def _invitation() -> None:
    parts.note(
        "Instruction and output, prompt and completion, chat messages, ShareGPT, and exports of Argilla and Label "
        "Studio with their annotations are recognised by themselves."
    )
    st.html(
        f'<div class="h-note">A file of more than {LARGEST} MB, or the folder of a data set, goes in by command: '
        "<code>hone import FILE</code></div>"
    )


def _look(given: Any) -> Preview:
    """What the file holds; read once, not again at each choice."""
    kept = st.session_state.get(_LOOKED)
    if kept and kept[0] == given.file_id:
        found: Preview = kept[1]
        return found
    with st.spinner("Reading the file"), _on_disk(given) as path:
        found = importing.columns(path, given.name)
    st.session_state[_LOOKED] = (given.file_id, found)
    return found


def _check(project: Project, given: Any, mapping: Mapping) -> Check:
    """What an import would do; gone through once for each mapping."""
    key = (given.file_id, project.id, canonical(mapping.model_dump()))
    kept = st.session_state.get(_CHECKED)
    if kept and kept[0] == key:
        found: Check = kept[1]
        return found
    bar = st.progress(0.0, "Checking the rows")

    def tell(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), f"Checked {done:,} of about {total:,} rows")

    try:
        with _on_disk(given) as path:
            found = importing.check(shell.store(), project, path, mapping, name=given.name, progress=tell)
    finally:
        bar.empty()
    st.session_state[_CHECKED] = (key, found)
    return found


@contextmanager
def _on_disk(given: Any) -> Generator[Path]:
    """The uploaded file as a file, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="hone-import-", dir=shell.store().workspace.root) as folder:
        path = Path(folder) / f"upload{Path(given.name).suffix[:10]}"
        given.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(given, file, 1 << 20)
        yield path


def _mapping(file_id: str, preview: Preview) -> Mapping | None:
    """Which column is what: recognised, and changed under a fold; None when nothing gives the instruction."""
    guessed = importing.guess(preview.columns).fields
    with st.expander("Which column is what", expanded="instruction" not in guessed, key=f"columns-{file_id}"):
        fields: dict[str, str] = {}
        constants: dict[str, str] = {}
        for target in TARGETS:
            _choice(file_id, target, preview, guessed, fields, constants)
        parts.note("Short columns that you leave out are kept as metadata: pairs can be filtered by them.")
    chosen = Mapping(fields=fields, constants={name: text for name, text in constants.items() if text.strip()})
    return chosen if "instruction" in (*chosen.fields, *chosen.constants) else None


def _choice(
    file_id: str,
    target: str,
    preview: Preview,
    guessed: dict[str, str],
    fields: dict[str, str],
    constants: dict[str, str],
) -> None:
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


def _first(preview: Preview, column: str) -> str:
    return next((row[column] for row in preview.rows if row.get(column)), "")


def _told(checked: Check) -> None:
    """What would happen."""
    parts.stats(
        ("Will be added", checked.new, _more(checked)),
        ("Known already", checked.known, "stay as they are"),
        ("Refused", checked.refused, "named below" if checked.refused else "every row is good"),
    )
    kind = [parts.chip(checked.shape.capitalize(), "accent")] if checked.shape != "columns" else []
    parts.chips(*kind, parts.chip(checked.encoding), parts.chip(parts.count(checked.read, "row")))
    if checked.opinions or checked.annotations_kept:
        parts.note(
            f"{parts.count(checked.opinions, 'annotation')} will be recorded as opinions of people here; "
            f"{checked.annotations_kept:,} will be kept as metadata, because they name nobody here or decide nothing."
        )
    if checked.left_out:
        names = ", ".join(clipped(name, 30) for name in list(checked.left_out)[:6])
        parts.note(f"Too long for metadata, and not kept unless you map them: {names}.")
    if checked.pairs:
        with st.container(key="card-preview"):
            st.html('<div class="h-eyebrow">The first pairs, as they will be</div>')
            shown = [name for name in ("instruction", "context", "response") if _any(checked, name)]
            cells = [[esc(clipped(getattr(pair, name), 160)) for name in shown] for pair in checked.pairs[:4]]
            parts.table([name.capitalize() for name in shown], cells)


def _more(checked: Check) -> str:
    if not checked.without_response:
        return "wait for the experts then"
    return f"{checked.without_response:,} without a response"


def _any(checked: Check, name: str) -> bool:
    return any(getattr(pair, name) for pair in checked.pairs)


def _begin(project: Project, person: Person, given: Any, mapping: Mapping, checked: Check) -> None:
    if not checked.new + checked.known:
        parts.message("No row of this file can be used. Map other columns, or mend the file.", "bad")
        return
    if not checked.new and not checked.opinions:
        parts.message("Every good row of this file is in the project already. There is nothing to import.")
        return
    if st.button(
        f"Import {parts.count(checked.new, 'pair')}",
        key=f"import-{given.file_id}",
        type="primary",
        icon=":material/upload:",
    ):
        _import(project, person, given, mapping)


def _import(project: Project, person: Person, given: Any, mapping: Mapping) -> None:
    bar = st.progress(0.0, "Importing")

    def tell(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), f"{done:,} of about {total:,} rows")

    with _on_disk(given) as path:
        try:
            done = importing.import_file(shell.store(), project, person, path, mapping, name=given.name, progress=tell)
        finally:
            shell.runtime().checker.wake()
    st.session_state[_DONE] = done
    st.session_state.pop(_CHECKED, None)
    st.rerun()


def _result(done: ImportResult) -> None:
    parts.stats(
        ("Added", done.added, "wait for the experts now" if done.added else ""),
        ("Known already", done.known, "left as they were"),
        ("Refused", done.refused, "named below" if done.refused else "every row was good"),
    )
    if done.without_response:
        parts.note(f"{done.without_response:,} have no response: an expert writes it, or a model suggests one.")
    if done.opinions or done.annotations_kept or done.opinions_refused:
        parts.note(
            f"{parts.count(done.opinions, 'annotation')} recorded as opinions, {done.annotations_kept:,} kept as "
            f"metadata, {len(done.opinions_refused):,} refused."
        )
    if done.problems:
        _refused(done.problems, done.refused, done.counted_in, "Refused rows")
    with shell.row():
        shell.way_on("review", "Review pairs", key="after-import", centred=False)
        if done.refused:
            _download(done)
        st.button(plain("Import another file"), key="again", on_click=_again)
        shell.way_on("home", "Back to the loop", key="after-import", primary=False, centred=False)


def _refused(problems: tuple[RowProblem, ...], total: int, unit: str, title: str) -> None:
    parts.section(title, "Mend them in the file and import it again: what is in already stays as it is.")
    with st.container(key="card-refused"):
        parts.table(("Where", "Why"), [(f"{unit} {each.line:,}", esc(each.reason)) for each in problems[:SHOWN]])
    if total > SHOWN:
        parts.note(f"And {total - min(SHOWN, len(problems)):,} more.")


def _download(done: ImportResult) -> None:
    file = refusals.file_of(shell.store().workspace.exports, done.import_id)
    if file.exists():
        st.download_button(
            "Download the refused rows",
            lambda: file.read_bytes(),
            file_name=f"refused-{Path(done.file_name).stem[:60]}.csv",
            mime="text/csv",
            key="refused-rows",
            icon=":material/download:",
            on_click="ignore",
        )


def _again() -> None:
    for name in (_DONE, _LOOKED, _CHECKED):
        st.session_state.pop(name, None)
