"""What a lead has mended at once in many pairs: blanks trimmed, data masked, residue taken out, duplicates left out.

A mended text is a revision of the pair like any other, with the imported one as its parent; the first round starts from
it. Only pairs on which nobody has spoken are mended, so that everybody in a round reads the same text.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial

from hone.labeling.checks.kinds import KINDS
from hone.labeling.diff import changed_words
from hone.labeling.spans import FIELDS
from hone.storage import audit, findings, pairs, queue, reviews, seats
from hone.storage.errors import InputError
from hone.storage.findings import Finding
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, new_id, now
from hone.storage.reviews import Adjudication
from hone.storage.store import Cursor, Store

CHUNK = 200  # pairs of one transaction: the desk goes on in between
FORGET = 20_000  # the same where nothing is read


class Mended(Record):
    """How many pairs were mended, and how many were not, by reason."""

    pairs: int
    left_out: dict[str, int]


def kinds_of(names: Collection[str]) -> tuple[str, ...]:
    """The kinds that are meant by their keys ("spacing") or by what mends them ("trim").

    Raises:
        InputError: There is no such kind, or it is one that only an expert can see to.
    """
    can = {key: kind for key, kind in KINDS.items() if kind.mend}
    found: dict[str, None] = {}
    for name in names:
        meant = [key for key, kind in can.items() if name in (key, kind.mend)]
        if not meant:
            known = ", ".join(f"{key} ({kind.mend})" for key, kind in can.items())
            why = "only an expert can see to it" if name in KINDS else "there is no such check"
            raise InputError(f"'{name}' cannot be mended at once: {why}. There are: {known}.")
        found |= dict.fromkeys(meant)
    return tuple(found)


def mend(
    store: Store, project: Project, person: Person, names: Collection[str], numbers: Collection[int] | None = None
) -> Mended:
    """Mend what was found of these kinds, in the pairs with these numbers or in all that are open.

    Raises:
        Forbidden: The person is no lead.
        InputError: A kind cannot be mended, or none is named.
    """
    person.must("lead")
    kinds = kinds_of(names)
    if not kinds:
        raise InputError("Nothing is named that should be mended. Name a check, such as spacing.")
    with store.read() as cursor:
        ids = findings.with_kind(cursor, project.id, kinds, limit=10_000_000)
        if numbers is not None:
            wanted = set(numbers)
            ids = [one.id for one in pairs.many(cursor, ids).values() if one.number in wanted]
    done, left_out = 0, Counter[str]()
    for start in range(0, len(ids), CHUNK):
        some = store.write(partial(_mend, project=project, person=person, kinds=kinds, ids=ids[start : start + CHUNK]))
        done += some.pairs
        left_out.update(some.left_out)
    return Mended(pairs=done, left_out=dict(left_out))


def check_again(store: Store, project: Project, person: Person) -> None:
    """Forget what was found in a project, and have all of its pairs checked anew; some thousands in a transaction.

    Raises:
        Forbidden: The person is no lead.
    """
    person.must("lead")
    store.write(lambda cursor: audit.record(cursor, person.id, "checked again", project.id))
    with store.read() as cursor:
        last = findings.last_number(cursor, project.id)
    # Likeness first, of all pairs: a pair that is read again at once must not meet one that still has its old marks.
    for forget in (findings.forget_likeness, findings.forget):
        for after in range(0, last, FORGET):
            store.write(partial(forget, project_id=project.id, after=after, last=after + FORGET))


def _mend(cursor: Cursor, project: Project, person: Person, kinds: Sequence[str], ids: Sequence[str]) -> Mended:
    found = findings.of_pairs(cursor, ids)
    held = queue.held_by(cursor, ids)
    known = pairs.begun(cursor, ids)
    spoken = {review.pair_id for given in reviews.current_of(cursor, ids).values() for review in given}
    left_out = Counter[str]()
    revisions: list[Revision] = []
    doubles: list[tuple[Pair, Finding]] = []
    for pair_id in ids:
        pair, first = known[pair_id].pair, known[pair_id].first
        mine = [one for one in found if one.pair_id == pair_id and one.kind in kinds]
        why = _why_not(pair, pair_id in spoken, bool(held.get(pair_id)))
        double = next((one for one in mine if KINDS[one.kind].mend == "leave out"), None)
        if not why and mine and not double:
            made = mended(first, mine, person)
            why = _empties(made)
            revisions += [] if why else [made]
        elif not why and double:
            doubles.append((pair, double))
        if why:
            left_out[why] += 1
    if revisions:
        findings.begin_with(cursor, revisions)
    _leave_out(cursor, project, person, doubles)
    done = len(revisions) + len(doubles)
    if done:
        audit.record(cursor, person.id, "pairs mended", project.id, kinds=list(kinds), pairs=done)
    return Mended(pairs=done, left_out=dict(left_out))


def mended(first: Revision, found: Sequence[Finding], person: Person) -> Revision:
    """The text with each finding's fix in its place, as a revision by this person. Of two that overlap the first."""
    texts = {
        field: _fixed(str(getattr(first, field)), [one for one in found if one.field == field]) for field in FIELDS
    }
    words = [changed_words(str(getattr(first, field)), text) for field, text in texts.items()]
    mends = sorted({str(KINDS[one.kind].mend) for one in found})
    return Revision.model_validate(
        {
            **first.model_dump(),
            **texts,
            "id": new_id(),
            "parent_id": first.id,
            "author_id": person.id,
            "reason": f"fix: {', '.join(mends)}",
            "words_added": sum(added for added, _ in words),
            "words_removed": sum(removed for _, removed in words),
            "created_at": now(),
        }
    )


def _fixed(text: str, found: Sequence[Finding]) -> str:
    out, position = "", 0
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.fix is not None and position <= one.start < one.end <= len(text):
            out, position = out + text[position : one.start] + one.fix, one.end
    return out + text[position:]


def _why_not(pair: Pair, spoken: bool, held: bool) -> str | None:
    if pair.state != "open":
        return f"{pair.state} already"
    if pair.round > 1:
        return "sent back for another round"
    if spoken or pair.done:
        return "somebody has given an opinion"
    return "with an expert at the moment" if held else None


def _empties(made: Revision) -> str | None:
    return None if made.instruction.strip() else "the instruction would be empty"


def _leave_out(cursor: Cursor, project: Project, person: Person, doubles: Sequence[tuple[Pair, Finding]]) -> None:
    """Reject pairs as duplicates: a lead's decision, with the pair that they repeat as its reason."""
    for pair, finding in doubles:
        reviews.adjudicate(
            cursor,
            Adjudication(
                id=new_id(),
                pair_id=pair.id,
                round=pair.round,
                person_id=person.id,
                reviews=(),
                decision="reject",
                revision_id=pair.first_revision,
                reason=f"{KINDS[finding.kind].name}: {finding.says}",
                source="page",
                request_key=new_id(),
                created_at=now(),
            ),
        )
    before = seats.seats(cursor, [pair.id for pair, _ in doubles])
    moves = [(seat, seat.model_copy(update={"state": "rejected"})) for seat in before.values()]
    seats.move(cursor, project.id, moves)
