"""The card (README.md) of an exported Hugging Face data set: what is in it, how it was made, what is left to say."""

import json
from collections.abc import Mapping
from datetime import datetime

from hone.storage.batches import Batch
from hone.storage.projects import Project
from hone.storage.records import now

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
ORDER = ("train", "validation", "test")
COLUMNS = {
    "instruction": "what the model is asked",
    "context": "the text it is asked about; empty when there is none",
    "response": "the answer to learn from",
    "pair": "the pair's number in the project",
    "state": "approved, or where the pair stood",
    "revision": "id of the text",
    "group": "document or author: one group never spans two splits",
    "split": "train, validation or test, when a frozen batch gave it",
    "approvers": "who approved the text, as a JSON list",
    "source": "the file that the pair came from",
    "metadata": "further values of its row, as JSON",
    "provenance": "who wrote, reviewed and decided what, when, and under which guidelines, as JSON",
}


def card(project: Project, counts: Mapping[str, int], batch: Batch | None, provenance: bool) -> str:
    """Markdown with the header that the hub and the `datasets` library read. The license is left to be filled in."""
    total = sum(counts.values())
    splits = sorted(counts, key=lambda name: (ORDER.index(name) if name in ORDER else 9, name))
    return "\n".join([*_header(project, splits, total), *_body(project, counts, splits, batch, provenance), ""])


def _header(project: Project, splits: list[str], total: int) -> list[str]:
    size = next((name for limit, name in SIZES if total < limit), "1M<n<10M")
    task = "text-classification" if project.settings.task == "classification" else "text-generation"
    files = [line for split in splits for line in (f"  - split: {split}", f"    path: data/{split}-*.parquet")]
    return [
        "---",
        "# license: fill in before you share this data set",
        f"pretty_name: {json.dumps(project.name, ensure_ascii=False)}",
        "task_categories:",
        f"- {task}",
        "size_categories:",
        f"- {size}",
        "configs:",
        "- config_name: default",
        "  data_files:",
        *files,
        "---",
    ]


def _body(
    project: Project, counts: Mapping[str, int], splits: list[str], batch: Batch | None, provenance: bool
) -> list[str]:
    rows = [f"| {split} | {counts[split]:,} |" for split in splits]
    columns = [f"| {name} | {says} |" for name, says in COLUMNS.items() if provenance or name != "provenance"]
    purpose = [_line(project.settings.purpose), ""] if project.settings.purpose.strip() else []
    return [
        "",
        f"# {_line(project.name)}",
        "",
        *purpose,
        "Instruction-response pairs that experts reviewed, edited and approved in Hone.",
        "",
        "**License:** not chosen yet. Say here under which one the texts may be used, and in the header above.",
        "",
        "| split | rows |",
        "| --- | ---: |",
        *rows,
        "",
        "## Columns",
        "",
        "| column | what it holds |",
        "| --- | --- |",
        *columns,
        "",
        "## How it was made",
        "",
        *_made(project, batch),
    ]


def _made(project: Project, batch: Batch | None) -> list[str]:
    settings = project.settings
    signed = ", and a lead’s word" if settings.sign_off else ""
    told = [
        f"- Review: opinions wanted on each pair: {settings.overlap}, of which {settings.agree} must agree{signed}.",
        f"- Guidelines: version {project.version} of the project’s settings.",
    ]
    if batch is not None:
        told.append(f"- Frozen as batch {batch.number} ({_line(batch.name)}) on {_day(batch.frozen_at)} UTC.")
        told.append(f"- sha256 of the batch: `{batch.sha256}`; seed of its splits: {batch.seed}.")
    return [*told, f"- Exported on {_day(now())} UTC."]


def _line(text: str) -> str:
    """Text of people as one line of Markdown that is nothing but text."""
    plain = " ".join(text.split())[:500]
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>#|!$&" else char for char in plain)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
