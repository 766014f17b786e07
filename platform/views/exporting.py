"""The way out: in which format pairs leave, with or without who said what, and the file to take away."""

import shutil
import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from hone.labeling.files.exporting import APPROVED, FORMATS, SAYS, SUFFIXES, Choice, Format
from hone.platform.api import exports as files
from hone.platform.frame import parts, shell
from hone.storage import exports
from hone.storage.batches import Batch
from hone.storage.filters import PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import sha256
from hone.storage.store import Store

NAMES: dict[Format, str] = {
    "pairs": "Everything (JSON lines)",
    "alpaca": "Alpaca (JSON lines)",
    "chat": "Chat messages (JSON lines)",
    "prompt": "Prompt and completion (JSON lines)",
    "dpo": "DPO preferences (JSON lines)",
    "csv": "Spreadsheet (CSV)",
    "parquet": "Parquet",
    "hf": "Hugging Face data set (ZIP)",
}
MEDIA = {".csv": "text/csv", ".zip": "application/zip", ".parquet": "application/octet-stream"}


def draw(project: Project, person: Person, chosen: PairFilter | Batch = APPROVED) -> None:
    """Draw the export of what a filter means, or of a frozen batch; for leads."""
    if not person.has("lead"):
        return
    batch = chosen if isinstance(chosen, Batch) else None
    wanted = APPROVED if isinstance(chosen, Batch) else chosen
    total = sum(batch.counts.values()) if batch else _count(project, wanted)
    key = sha256(project.id, batch.id if batch else wanted.model_dump_json())[:12]
    left, right = st.columns([1, 1.3], vertical_alignment="center")
    known = [name for name in FORMATS if name != "dpo" or (batch is None and wanted == APPROVED)]
    with left:
        said = st.selectbox(
            "Format",
            known,
            format_func=lambda name: NAMES[_format(name)],
            key=f"format-{key}",
            label_visibility="collapsed",
        )
        picked = _format(said)
    right.html(f'<span class="h-small">{SAYS[picked][:1].upper()}{SAYS[picked][1:]}.</span>')
    provenance = st.checkbox("With who wrote, reviewed and decided what, when, by which guidelines", key=f"who-{key}")
    choice = Choice(format=picked, wanted=wanted, batch=batch.number if batch else None, provenance=provenance)
    if picked == "dpo":
        parts.note("Each item of which reviewers preferred one answer; what they were blind to stays with leads.")
    elif not total:
        parts.note("No pair fits yet: pairs leave once they are approved, or take a filter that means others.")
        return
    suffix = SUFFIXES.get(picked, ".jsonl")
    name = f"batch-{batch.number}" if batch else "pairs"
    with shell.trouble():
        st.download_button(
            "Download the preferences" if picked == "dpo" else f"Download {parts.count(total, 'pair')}",
            partial(made_bytes, shell.store(), project, person, choice),
            file_name=f"{name}-{picked}{suffix}",
            mime=MEDIA.get(suffix, "application/jsonl"),
            key=f"export-{key}-{picked}-{provenance}",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
        )


def _format(name: str) -> Format:
    return next(known for known in FORMATS if known == name)


def _count(project: Project, wanted: PairFilter) -> int:
    with shell.store().read() as cursor:
        return exports.count(cursor, project.id, wanted)


def made_bytes(store: Store, project: Project, person: Person, choice: Choice) -> bytes:
    """The file, made when the button is pressed."""
    folder = Path(tempfile.mkdtemp(prefix=".export-", dir=store.workspace.exports))
    try:
        return files.made(store, project, person, choice, folder).read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
