"""A file of pairs comes into a project: every good row, in chunks that others' work fits between; every bad one named.

A million pairs never stand in memory: rows are read, checked and stored 20,000 at a time. What the same file brings
again is known and adds nothing, so an import that was cut off is simply repeated.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hone.labeling.files.annotations import Annotations
from hone.labeling.files.checking import Chunk, Opinion, Pass, Progress, Table, nothing
from hone.labeling.files.import_records import Check, FirstPair, ImportResult, Preview
from hone.labeling.files.mapping import TARGETS, Made, Mapping, guess
from hone.labeling.files.reading import read
from hone.labeling.files.refusals import Refusals
from hone.labeling.files.rows import RowProblem, as_text, what_is
from hone.labeling.opinions import Recorded, record_reviews
from hone.storage import audit, intake, people
from hone.storage.errors import InputError
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import canonical, new_id
from hone.storage.store import Cursor, Store

__all__ = [
    "TARGETS",
    "Check",
    "ImportResult",
    "Mapping",
    "Preview",
    "Progress",
    "check",
    "columns",
    "guess",
    "import_file",
]


def columns(path: Path, name: str | None = None) -> Preview:
    """What can be mapped in a file, by its first rows; InputError when it cannot be read as a table."""
    table = Table(read(path, name))
    return Preview(
        format=table.source.format,
        shape=table.says,
        encoding=table.source.encoding,
        columns=table.columns,
        rows=tuple({column: _shown(value) for column, value in values.items()} for values in table.sample[:5]),
    )


def check(
    store: Store | None,
    project: Project | None,
    path: Path,
    mapping: Mapping | None = None,
    *,
    name: str | None = None,
    progress: Progress | None = None,
    enough: int | None = None,
) -> Check:
    """What an import would do; nothing is stored.

    Args:
        store: The open workspace, to tell what is known already; None for a project that does not exist yet.
        project: Where the pairs would go.
        path: The file or folder.
        mapping: Where each part of a pair comes from; None for the likeliest.
        name: What the file is called, when `path` is a copy.
        progress: Called with how many rows were checked, and how many there are as far as can be told.
        enough: Stop after the first chunk with so many good rows.

    Raises:
        InputError: The file cannot be read, or names no such column.
    """
    table = Table(read(path, _plain(name or path.name)))
    mapping = mapping or guess(table.columns)
    going = Pass(table, mapping, _sorter(store, project) if store and project else None)
    seen: set[bytes] = set()
    known = opinions = 0
    for chunk in going.chunks(progress or nothing):
        there: set[str] = set()
        if store and project:
            with store.read() as cursor:
                there = intake.known(cursor, project.id, chunk.arrived.digests)
        for digest in chunk.arrived.digests:
            short = bytes.fromhex(digest[:24])
            known += digest in there or short in seen
            seen.add(short)
        opinions += len(chunk.opinions)
        if enough is not None and going.tally.good >= enough:
            break
    table.source.must_be_the_same()
    tally = going.tally
    return Check(
        file_name=table.source.name,
        shape=table.says,
        encoding=table.source.encoding,
        counted_in=table.source.counted_in,
        mapping=mapping,
        read=tally.read,
        new=tally.good - known,
        known=known,
        refused=tally.refused,
        problems=tuple(tally.problems),
        without_response=tally.without_response,
        opinions=opinions,
        annotations_kept=tally.kept,
        left_out=going.left_out,
        pairs=tuple(map(_first, tally.first)),
    )


def import_file(
    store: Store,
    project: Project,
    person: Person,
    path: Path,
    mapping: Mapping | None = None,
    *,
    name: str | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Add the pairs of a file that the project does not hold yet.

    Args:
        store: The open workspace.
        project: Where the pairs go.
        person: Who imports; a lead.
        path: A JSONL, JSON, CSV, TSV, Parquet or Arrow file, or the folder of a data set.
        mapping: Where each part of a pair comes from; None for the likeliest.
        name: What the file is called, when `path` is a copy.
        strict: One bad row, and nothing goes in: the whole file is checked first.
        progress: Called with how many rows were read, and how many there are as far as can be told.

    Raises:
        InputError: The file cannot be read, names no such column, or has a bad row and `strict` is set; or it was
            changed while it was read.
    """
    person.must("lead")
    table = Table(read(path, _plain(name or path.name)))
    mapping = mapping or guess(table.columns)
    sorter = _sorter(store, project)
    if strict or table.source.format == "json":  # a document that is broken near its end is broken as a whole
        _must_be_good(table, mapping, strict, progress or nothing)
    going = _Going(store, project, person, table, mapping, new_id())
    with ExitStack() as stack:
        refusals = stack.enter_context(Refusals(store.workspace.exports, going.import_id))
        passing = Pass(table, mapping, sorter, refusals.add)
        writer = stack.enter_context(ThreadPoolExecutor(1, "hone-import"))
        stored: Future[None] | None = None
        for chunk in passing.chunks(progress or nothing):
            if stored:
                stored.result()  # one chunk is stored while the next is read, and no more are held
            going.refused = passing.tally.refused
            stored = writer.submit(partial(going.store_chunk, chunk))
        if stored:
            stored.result()
        tally = passing.tally
        if tally.unreadable == tally.read:
            raise InputError(f"{table.source.name} has no row that can be read: {tally.problems[0].reason}.")
        going.refused = tally.refused
        going.finish()
    try:
        table.source.must_be_the_same()
    except InputError as problem:
        raise InputError(f"{problem} {going.added:,} pairs went in; import the file again for the rest.") from None
    return ImportResult(
        import_id=going.import_id,
        file_name=table.source.name,
        shape=table.says,
        encoding=table.source.encoding,
        counted_in=table.source.counted_in,
        read=tally.read,
        added=going.added,
        known=going.known,
        refused=tally.refused,
        problems=tuple(tally.problems),
        refused_file=refusals.path.name if tally.refused else None,
        without_response=tally.without_response,
        opinions=going.opinions,
        opinions_refused=tuple(going.opinions_refused),
        annotations_kept=tally.kept,
        left_out=passing.left_out,
    )


@dataclass
class _Going:
    """An import under way: what is stored so far."""

    store: Store
    project: Project
    person: Person
    table: Table
    mapping: Mapping
    import_id: str
    added: int = 0
    known: int = 0
    refused: int = 0
    opinions: int = 0

    def __post_init__(self) -> None:
        self.opinions_refused: list[RowProblem] = []

    def store_chunk(self, chunk: Chunk) -> None:
        """Store the pairs, and how far the import is, in one transaction; then what was said about them."""
        self.added, self.known = self.store.write(partial(self._change, chunk))
        if chunk.opinions:
            self._record(chunk.opinions)

    def _change(self, chunk: Chunk, cursor: Cursor) -> tuple[int, int]:
        settings = self.project.settings
        ids = intake.add(
            cursor,
            self.project.id,
            chunk.arrived,
            author_id=self.person.id,
            import_id=self.import_id,
            wanted=settings.overlap,
        )
        added, known = self.added + len(ids), self.known + len(chunk.arrived) - len(ids)
        self._note(cursor, added, known)
        return added, known

    def finish(self) -> None:
        """The counts as they are at the end, and the act."""

        def change(cursor: Cursor) -> None:
            self._note(cursor, self.added, self.known)
            audit.record(
                cursor,
                self.person.id,
                "pairs imported",
                self.project.id,
                file=self.table.source.name,
                rows_read=self.added + self.known + self.refused,
                added=self.added,
                known=self.known,
                refused=self.refused,
                opinions=self.opinions,
            )

        self.store.write(change)

    def _note(self, cursor: Cursor, added: int, known: int) -> None:
        intake.record_import(
            cursor,
            id=self.import_id,
            read=added + known + self.refused,
            added=added,
            known=known,
            refused=self.refused,
            project_id=self.project.id,
            file_name=self.table.source.name,
            mapping=canonical(self.mapping.model_dump()),
            made_by=self.person.id,
        )

    def _record(self, said: Sequence[Opinion]) -> None:
        with self.store.read() as cursor:
            numbers = intake.numbers(cursor, self.project.id, [each.digest for each in said])
        rows = [{"key": f"#{numbers[each.digest]}", **each.row} for each in said]
        done: Recorded = record_reviews(self.store, self.project, self.person, rows)
        self.opinions += done.added + done.known
        self.opinions_refused += [
            problem.model_copy(update={"line": said[problem.line - 1].line}) for problem in done.refused
        ]


def _must_be_good(table: Table, mapping: Mapping, strict: bool, progress: Progress) -> None:
    """Read the whole file first: a document to its end; if strict, every row must be good."""
    going = Pass(table, mapping, None)
    for _ in going.chunks(progress if strict else nothing):
        pass
    tally, source = going.tally, table.source
    if strict and tally.refused:
        first = "; ".join(f"{source.counted_in} {row.line}: {row.reason}" for row in tally.problems[:3])
        raise InputError(
            f"{tally.refused:,} of {tally.read:,} rows of {source.name} are bad, so nothing went in: {first}."
        )


def _sorter(store: Store, project: Project) -> Annotations:
    with store.read() as cursor:
        return Annotations(project.settings, people.everyone(cursor))


def _first(made: Made) -> FirstPair:
    return FirstPair.model_validate({name: getattr(made, name) for name in FirstPair.model_fields})


def _plain(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def _shown(value: object) -> str:
    text = as_text(value)
    return what_is(value) if text is None else text[:2_000].encode("utf-8", "replace").decode()
