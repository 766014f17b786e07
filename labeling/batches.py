"""A batch: the approved text of every approved pair, split by group, frozen under a hash.

The hash is the sha256 of the batch's canonical JSON lines, which are what `export_jsonl` writes: the checksum of
the exported file (`sha256sum FILE`) is the hash of the batch.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hone.labeling import duplicates, spans, splits
from hone.labeling.texts import LONGEST_NOTE, must_be_text
from hone.storage import audit, batches, pairs, people, reviews
from hone.storage.batches import SPLITS, Batch, BatchItem, Exclusion, Split
from hone.storage.errors import Conflict, InputError, WorkspaceError
from hone.storage.filters import PairFilter
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, canonical, new_id, now
from hone.storage.store import Cursor, Store

FEW_TEST_ITEMS = 30
LONGEST_NAME = 80


class Plan(Record):
    """What a batch would hold if it were frozen now.

    `counts` gives the pairs of each split; `left_out` counts by reason, with the pairs that are not approved by
    their state; `exclusions` name the approved pairs that stay out. `problem` says why it cannot be frozen.
    """

    items: tuple[BatchItem, ...]
    exclusions: tuple[Exclusion, ...]
    counts: dict[Split, int]
    left_out: dict[str, int]
    warnings: tuple[str, ...]
    problem: str | None


class _Approved(Record):
    """An approved pair with the text that was approved."""

    pair: Pair
    text: Revision
    group: str

    @property
    def said(self) -> str:
        """The words by which two pairs are compared: an instruction that many contexts share is no likeness."""
        asked = self.text.context if self.text.context.strip() else self.text.instruction
        return f"{asked} \n {self.text.response}"


def plan(store: Store, project: Project) -> Plan:
    """What would be frozen now, and what not and why."""
    with store.read() as cursor:
        return _plan(cursor, project)


def freeze(store: Store, project: Project, person: Person, name: str = "", note: str = "") -> Batch:
    """Freeze all approved pairs into the project's next batch, in one transaction.

    Raises:
        Forbidden: The person is no lead.
        InputError: There are too few approved pairs or groups; the message says what is missing.
        Conflict: An earlier batch holds exactly this.
    """
    person.must("lead")
    name = must_be_text("name of a batch", name, LONGEST_NAME).strip()
    note = must_be_text("note", note, LONGEST_NOTE).strip()
    return store.write(lambda cursor: _freeze(cursor, project, person, name, note))


def verify(store: Store, batch: Batch) -> None:
    """Recompute the batch's hash from its stored items; WorkspaceError when it differs."""
    with store.read() as cursor:
        found = batch_hash(batches.items(cursor, batch.id))
    if found != batch.sha256:
        raise WorkspaceError(
            f"Batch {batch.number} is not what was frozen: its items hash to {found[:12]}, not {batch.sha256[:12]}. "
            "The database was changed from outside; restore a backup."
        )


def batch_hash(items: Iterable[BatchItem]) -> str:
    """The sha256 of the items' canonical JSON lines in UTF-8, each ended by a newline."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(_line(item))
    return digest.hexdigest()


def export_jsonl(store: Store, batch: Batch, path: Path) -> Path:
    """Write one JSON line for each item; the file's sha256 is the batch's. Gives the path.

    Raises:
        InputError: The file cannot be written there.
        WorkspaceError: The stored items do not match the batch's hash.
    """
    verify(store, batch)
    with store.read() as cursor:
        items = batches.items(cursor, batch.id)
    beside = path.with_name(path.name + ".part")  # a reader never meets half a file
    try:
        with beside.open("wb") as file:
            file.writelines(_line(item) for item in items)
        beside.replace(path)
    except OSError as problem:
        raise InputError(f"Cannot write {path}: {problem.strerror}. Choose another place.") from problem
    return path


def rows_by_split(store: Store, batch: Batch) -> dict[Split, list[BatchItem]]:
    """The items of each split, in their order."""
    with store.read() as cursor:
        return {split: batches.items(cursor, batch.id, split) for split in SPLITS}


def _line(item: BatchItem) -> bytes:
    return canonical(item.model_dump(mode="json")).encode() + b"\n"


def _freeze(cursor: Cursor, project: Project, person: Person, name: str, note: str) -> Batch:
    made = _plan(cursor, project)
    if made.problem:
        raise InputError(made.problem)
    digest = batch_hash(made.items)
    for earlier in batches.listing(cursor, project.id):
        if earlier.sha256 == digest:
            raise Conflict(f"Batch {earlier.number} holds exactly these pairs and texts already. Use it.")
    number = batches.next_number(cursor, project.id)
    batch = Batch(
        id=new_id(),
        project_id=project.id,
        number=number,
        name=name or f"Batch {number}",
        sha256=digest,
        seed=project.settings.seed,
        fractions=project.settings.fractions,
        counts=made.counts,
        left_out=made.left_out,
        frozen_by=person.id,
        frozen_at=now(),
    )
    batches.add(cursor, batch, made.items, made.exclusions)
    audit.record(cursor, person.id, "batch frozen", batch.id, number=number, sha256=digest, note=note)
    return batch


def _plan(cursor: Cursor, project: Project) -> Plan:
    earlier = batches.splits_of_groups(cursor, project.id)
    approved = _approved(cursor, project, earlier)
    kept, exclusions = _without_duplicates(approved)
    problem, chosen = None, dict[str, Split]()
    try:
        sizes = Counter(one.group for one in kept)
        chosen = splits.assign(sizes, project.settings.fractions, project.settings.seed, earlier)
    except InputError as found:
        problem, kept = str(found), []
    kept, alike = _without_leaks(kept, chosen, earlier)
    exclusions += alike
    items = _items(cursor, project, kept, chosen)
    counts: Counter[Split] = Counter(item.split for item in items)
    if not problem:
        problem = _emptied(counts, alike)
    states = pairs.counts(cursor, project.id)
    unapproved: dict[str, int] = {state: number for state, number in states.items() if number and state != "approved"}
    return Plan(
        items=tuple(items),
        exclusions=tuple(sorted(exclusions, key=lambda left: left.pair_number)),
        counts={split: counts[split] for split in SPLITS},
        left_out={**unapproved, **Counter(left.reason for left in exclusions)},
        warnings=tuple(_warnings(cursor, kept, counts)),
        problem=problem,
    )


def _approved(cursor: Cursor, project: Project, earlier: Mapping[str, Split]) -> list[_Approved]:
    """All approved pairs: those whose group was in a batch first, so that a new copy gives way to the known one."""
    found = pairs.listing(cursor, project.id, PairFilter(states=("approved",)), limit=pairs.MOST)
    texts = pairs.texts(cursor, [pair.approved_revision for pair in found if pair.approved_revision])
    approved = [
        _Approved(pair=pair, text=texts[pair.approved_revision], group=pair.group or f"pair {pair.id}")
        for pair in found
        if pair.approved_revision
    ]
    return sorted(approved, key=lambda one: (one.group not in earlier, one.pair.number))


def _without_duplicates(approved: Sequence[_Approved]) -> tuple[list[_Approved], list[Exclusion]]:
    """The first of each text, and why the others stay out."""
    kept: list[_Approved] = []
    out: list[Exclusion] = []
    first: dict[tuple[str, str, str], int] = {}
    for one in approved:
        text = one.text
        same = (duplicates.normalised(text.instruction), duplicates.normalised(text.context),
                duplicates.normalised(text.response))  # fmt: skip
        if not text.response.strip():
            out.append(_out(one.pair, "empty response"))
        elif same in first:
            out.append(_out(one.pair, "duplicate", f"of #{first[same]}"))
        else:
            first[same] = one.pair.number
            kept.append(one)
    return kept, out


def _without_leaks(
    kept: Sequence[_Approved], chosen: Mapping[str, Split], earlier: Mapping[str, Split]
) -> tuple[list[_Approved], list[Exclusion]]:
    """Leave out what is nearly the same on both sides: of train or validation and test, the side that is new.

    A model may have learnt an earlier batch already, so a new test item that is near to it would prove nothing.
    What is new on both sides, or was tested before, stays in the test.
    """
    tested = [one for one in kept if chosen[one.group] == "test"]
    learnt = [one for one in kept if chosen[one.group] != "test"]
    fresh = [one for one in tested if one.group not in earlier]
    before = [one for one in learnt if one.group in earlier]
    out = _alike(fresh, before, "near-duplicate of an item that was learnt before")
    gone = {left.pair_id for left in out}
    out += _alike(learnt, [one for one in tested if one.pair.id not in gone], "near-duplicate of a test item")
    gone = {left.pair_id for left in out}
    return [one for one in kept if one.pair.id not in gone], out


def _alike(probes: Sequence[_Approved], others: Sequence[_Approved], reason: str) -> list[Exclusion]:
    """The probes that are nearly the same as one of the others, with the reason to leave them out."""
    number = {one.pair.id: one.pair.number for one in others}
    found = duplicates.near_duplicates(
        {one.pair.id: duplicates.shingles(one.said) for one in probes},
        {one.pair.id: duplicates.shingles(one.said) for one in others},
    )
    return [
        _out(one.pair, reason, f"of #{number[like.like]}, {like.jaccard:.2f} alike")
        for one in probes
        if (like := found.get(one.pair.id))
    ]


def _items(cursor: Cursor, project: Project, kept: Sequence[_Approved], chosen: Mapping[str, Split]) -> list[BatchItem]:
    approvers = _approvers(cursor, project, kept)
    return [
        BatchItem(
            position=position,
            pair_id=one.pair.id,
            pair_number=one.pair.number,
            revision_id=one.text.id,
            group=one.group,
            split=chosen[one.group],
            instruction=one.text.instruction,
            context=one.text.context,
            response=one.text.response,
            metadata=one.pair.metadata,
            approvers=approvers[one.pair.id],
        )
        for position, one in enumerate(sorted(kept, key=lambda one: one.pair.number))
    ]


def _approvers(cursor: Cursor, project: Project, kept: Sequence[_Approved]) -> dict[str, tuple[str, ...]]:
    """Who approved the text of each pair in its round: the experts whose text it is, and the lead who decided."""
    names = {person.id: person.name for person in people.everyone(cursor)}
    wanted = {one.pair.id: one for one in kept}
    given = [r for r in reviews.of_project(cursor, project.id) if r.decision == "approve" and r.pair_id in wanted]
    texts = {one.id: one.response for one in pairs.texts(cursor, [review.revision_id for review in given]).values()}
    found: dict[str, set[str]] = {pair_id: set() for pair_id in wanted}
    for review in given:
        one = wanted[review.pair_id]
        if review.round == one.pair.round and texts[review.revision_id].rstrip() == one.text.response.rstrip():
            found[review.pair_id].add(names[review.person_id])
    for decided in reviews.adjudications(cursor, project.id):
        if decided.pair_id in wanted and decided.round == wanted[decided.pair_id].pair.round:
            found[decided.pair_id].add(names[decided.person_id])
    return {pair_id: tuple(sorted(said)) for pair_id, said in found.items()}


def _warnings(cursor: Cursor, kept: Sequence[_Approved], counts: Mapping[Split, int]) -> Iterable[str]:
    standing = {one.pair.id: one.text for one in kept}
    flags = reviews.flags(cursor, list(standing))
    flagged = {flag.pair_id for flag in flags if spans.remains(flag, standing[flag.pair_id])}
    if flagged:
        numbers = sorted(one.pair.number for one in kept if one.pair.id in flagged)
        shown = ", ".join(f"#{number}" for number in numbers[:5]) + (", …" if len(numbers) > 5 else "")
        yield f"{len(numbers)} approved {_pairs(len(numbers))} still with words that an expert flagged: {shown}."
    if 0 < counts["test"] < FEW_TEST_ITEMS:
        yield f"The test split has {counts['test']} {_pairs(counts['test'])}: the report's intervals will be wide."


def _pairs(number: int) -> str:
    return "pair" if number == 1 else "pairs"


def _emptied(counts: Mapping[Split, int], alike: Sequence[Exclusion]) -> str | None:
    empty = [split for split in SPLITS if not counts[split]]
    if not empty:
        return None
    return (
        f"Nothing is left for {' and '.join(empty)} after {len(alike)} near-duplicates were left out. "
        "Approve pairs of other groups."
    )


def _out(pair: Pair, reason: str, detail: str = "") -> Exclusion:
    return Exclusion(pair_id=pair.id, pair_number=pair.number, reason=reason, detail=detail)
