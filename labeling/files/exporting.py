"""Pairs leave: which of them, in which shape, into a file or a folder; chunk by chunk, so that a million fit.

Approved pairs with their approved text, unless a filter or a batch says which. What leaves is what stands in the
store at one moment, whatever the experts do meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from hone.labeling.files import chat, export_formats
from hone.labeling.files.dataset_card import card
from hone.storage import audit, batches, exports
from hone.storage.errors import InputError, WorkspaceError
from hone.storage.exports import Leaving, Preference
from hone.storage.filters import PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Cursor, Store

Format: TypeAlias = Literal["pairs", "alpaca", "chat", "prompt", "dpo", "csv", "parquet", "hf"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: dict[Format, str] = {"csv": ".csv", "parquet": ".parquet", "hf": ".zip"}  # the others are JSON lines
SAYS: dict[Format, str] = {
    "pairs": "JSON lines with everything that Hone keeps of a pair",
    "alpaca": "JSON lines: instruction, input, output",
    "chat": "JSON lines: messages, as chat models are tuned on",
    "prompt": "JSON lines: prompt (the project's template, filled in) and completion",
    "dpo": "JSON lines: prompt, chosen and rejected, from blind judgements",
    "csv": "a table for a spreadsheet; no cell runs as a formula",
    "parquet": "a Parquet file",
    "hf": "a Hugging Face data set: a folder with Parquet files and a card",
}
APPROVED = PairFilter(states=("approved",))
Prompt: TypeAlias = Callable[[str, str], str]  # instruction and context as the text that the model reads
Row: TypeAlias = dict[str, Any]


class Choice(Record):
    """What leaves and how. `batch` is a batch's number; it and a filter exclude each other."""

    format: Format = "pairs"
    wanted: PairFilter = APPROVED
    batch: int | None = None
    provenance: bool = False


class Exported(Record):
    """How many rows left, and where they are: a file, or a folder for a Hugging Face data set."""

    rows: int
    path: str


def format_of(path: Path) -> Format:
    """The format that a file's name asks for: .csv, .parquet, else JSON lines of pairs."""
    known: dict[str, Format] = {".csv": "csv", ".parquet": "parquet"}
    return known.get(path.suffix.lower(), "pairs")


def export(store: Store, project: Project, person: Person, choice: Choice, to: Path, prompt: Prompt) -> Exported:
    """Write pairs to `to`: a file, or for "hf" a folder that does not exist yet or is empty.

    Args:
        store: The open workspace.
        project: Whose pairs.
        person: Who exports; a lead, because judgements and provenance name people and tell sides apart.
        choice: Which pairs, in which format.
        to: Where to.
        prompt: The project's template as a function, for "prompt" and "dpo".

    Raises:
        InputError: The format does not fit what is asked for, the folder holds something, or `to` names no file.
        NotFound: There is no such batch.
        WorkspaceError: The file cannot be written.
    """
    person.must("lead")
    _must_fit(choice)
    _must_be_place(choice.format, to)
    with store.read() as cursor:
        made = _Export(cursor, project, choice, prompt)
        try:
            rows = made.folder(to) if choice.format == "hf" else made.file(to)
        except OSError as problem:
            raise WorkspaceError(f"Cannot write {to}: {problem.strerror}. Choose another place.") from problem
    said = {"format": choice.format, "rows": rows, "batch": choice.batch, "provenance": choice.provenance}
    store.write(lambda cursor: audit.record(cursor, person.id, "pairs exported", project.id, **said))
    return Exported(rows=rows, path=str(to))


def _must_fit(choice: Choice) -> None:
    if choice.batch is not None and choice.wanted != APPROVED:
        raise InputError("A batch is exported as it was frozen: leave the filter out, or leave out --batch.")
    if choice.format == "dpo" and (choice.batch is not None or choice.wanted != APPROVED):
        raise InputError("DPO pairs come from all judgements of the project: leave out --batch and the filter.")


def _must_be_place(format: Format, to: Path) -> None:
    if to == Path() or "\0" in str(to):
        raise InputError("The path of the export is empty or holds a NUL byte. Name a file, such as pairs.jsonl.")
    if format != "hf" and to.is_dir():
        raise InputError(f"{to} is a folder. Name a file in it, such as {to / 'pairs.jsonl'}.")


@dataclass
class _Export:
    cursor: Cursor
    project: Project
    choice: Choice
    prompt: Prompt

    def file(self, to: Path) -> int:
        draft = to.with_name(f".{to.name}.part")
        written = 0
        try:
            with export_formats.writer(self.choice.format, draft) as write:
                for chunk in self._rows():
                    write(chunk)
                    written += len(chunk)
            draft.replace(to)
        finally:
            draft.unlink(missing_ok=True)
        return written

    def folder(self, to: Path) -> int:
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise InputError(f"{to} is there already. Name a folder that is empty, or does not exist yet.")
        data = to / "data"
        data.mkdir(parents=True, exist_ok=True)
        counts: dict[str, int] = {}
        with export_formats.Splits(data) as splits:
            for chunk in self._rows():
                for split in dict.fromkeys(row["split"] for row in chunk):
                    of_split = [row for row in chunk if row["split"] == split]
                    splits.write(split or "train", of_split)
                    counts[split or "train"] = counts.get(split or "train", 0) + len(of_split)
        if not counts:
            splits.write("train", [])
            counts["train"] = 0
        batch = None if self.choice.batch is None else self._batch()
        (to / "README.md").write_text(card(self.project, counts, batch, self.choice.provenance), encoding="utf-8")
        return sum(counts.values())

    def _rows(self) -> Iterator[list[Row]]:
        if self.choice.format == "dpo":
            for preferred in exports.preferences(self.cursor, self.project.id):
                yield [self._preference(each) for each in preferred]
            return
        if self.choice.batch is None:
            chunks = exports.pairs_of(self.cursor, self.project.id, self.choice.wanted)
        else:
            chunks = exports.batch_of(self.cursor, self._batch().id)
        for chunk in chunks:
            said = exports.provenance(self.cursor, chunk) if self.choice.provenance else {}
            yield [self._row(each, said.get(each.pair_id)) for each in chunk]

    def _batch(self) -> batches.Batch:
        return batches.numbered(self.cursor, self.project.id, self.choice.batch or 0)

    def _row(self, each: Leaving, said: Row | None) -> Row:
        shaped = _SHAPES.get(self.choice.format, _whole)(each, self.prompt)
        return shaped if said is None else {**shaped, "provenance": {"pair": each.number, "state": each.state, **said}}

    def _preference(self, each: Preference) -> Row:
        row: Row = {
            "prompt": self.prompt(each.instruction, each.context),
            "chosen": each.chosen,
            "rejected": each.rejected,
        }
        if not self.choice.provenance:
            return row
        votes = {"chosen": each.votes, "rejected": each.against, "neither": each.ties}
        return {**row, "provenance": {"pair": each.pair_number, "matchup_set": each.matchup_set, "votes": votes}}


def _whole(each: Leaving, _: Prompt) -> Row:
    return {
        "instruction": each.instruction,
        "context": each.context,
        "response": each.response,
        "pair": each.number,
        "state": each.state,
        "revision": each.revision,
        "group": each.group,
        "split": each.split,
        "approvers": list(each.approvers),
        "source": each.source,
        "metadata": each.metadata,
    }


def _alpaca(each: Leaving, _: Prompt) -> Row:
    return {"instruction": each.instruction, "input": each.context, "output": each.response}


def _chat(each: Leaving, _: Prompt) -> Row:
    return {"messages": chat.messages(each.instruction, each.context, each.response, each.metadata.get(chat.KEY))}


def _prompt(each: Leaving, prompt: Prompt) -> Row:
    return {"prompt": prompt(each.instruction, each.context), "completion": each.response}


_SHAPES: dict[str, Callable[[Leaving, Prompt], Row]] = {"alpaca": _alpaca, "chat": _chat, "prompt": _prompt}
