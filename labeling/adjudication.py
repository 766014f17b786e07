"""Where experts differ, a lead decides: between their versions without knowing whose they are, or with another."""

from collections.abc import Sequence
from typing import Literal

from hone.labeling import spans, texts
from hone.labeling.saying import revised
from hone.labeling.standing import settle, start_revision
from hone.storage import audit, pairs, reviews
from hone.storage.errors import Conflict, InputError
from hone.storage.filters import PairFilter
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, new_id, now, sha256
from hone.storage.reviews import Adjudication, NewFlag, Review, Source
from hone.storage.store import Cursor, Store

LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class MarkedFlag(NewFlag):
    """A flag on a disputed pair. `remains`: its words are still in the version's text."""

    remains: bool


class Version(Record):
    """One expert's opinion under a letter that does not tell whose it is. `response` is the text it is about."""

    label: str
    decision: Literal["approve", "reject"]
    response: str
    edited: bool
    ratings: dict[str, int]
    categories: tuple[str, ...]
    flags: tuple[MarkedFlag, ...]
    note: str


class Dispute(Record):
    """A pair on which the experts of a round differ. `start` is the text that they all saw."""

    pair: Pair
    start: Revision
    versions: tuple[Version, ...]


def disputes(store: Store, project: Project, person: Person) -> list[Dispute]:
    """All pairs of the project that wait for a decision, by priority and number."""
    person.must("lead")
    with store.read() as cursor:
        waiting = pairs.listing(cursor, project.id, PairFilter(states=("disputed",)), limit=pairs.MOST)
        waiting.sort(key=lambda pair: (-pair.priority, pair.number))
        return [_dispute(cursor, pair) for pair in waiting]


def decide(
    store: Store,
    project: Project,
    person: Person,
    pair_id: str,
    decision: Literal["approve", "reject"],
    *,
    version: str | None = None,
    response: str | None = None,
    reason: str = "",
    request_key: str,
) -> Adjudication:
    """End a dispute: approve one version (`version` "A", "B", ...) or a text of one's own, or reject the pair.

    Raises:
        Forbidden: The person is no lead.
        InputError: There is no such version, the text is empty, or an approval names not exactly one of both.
        Conflict: The pair is not disputed (any more). The same request key again gives the first decision.
    """
    person.must("lead")

    def change(cursor: Cursor) -> Adjudication:
        earlier = reviews.adjudication_by_request(cursor, request_key)
        if earlier:
            if (earlier.person_id, earlier.pair_id) != (person.id, pair_id):
                raise Conflict("This request key was used for another decision. Reload the page.")
            return earlier
        pair = pairs.get(cursor, pair_id)
        return settle_dispute(
            cursor,
            project,
            pair,
            person,
            decision,
            version=version,
            response=response,
            reason=reason,
            source="page",
            request_key=request_key,
        )

    return store.write(change)


def settle_dispute(
    cursor: Cursor,
    project: Project,
    pair: Pair,
    person: Person,
    decision: Literal["approve", "reject"],
    *,
    version: str | None,
    response: str | None,
    reason: str,
    source: Source,
    request_key: str,
) -> Adjudication:
    """Store a lead's decision inside the caller's transaction; everything is checked before the first row."""
    if pair.project_id != project.id or pair.state != "disputed":
        raise Conflict(f"Pair #{pair.number} is {pair.state}, not disputed: there is nothing to decide.")
    given = _opinions(cursor, pair)
    start = start_revision(cursor, pair)
    reason = texts.must_be_text("reason", reason, texts.LONGEST_NOTE)
    if decision == "approve":
        chosen = _chosen(cursor, given, start, person, version, response)
    elif version is None and response is None:
        chosen = start
    else:
        raise InputError("A rejection takes no version and no text. Leave them out, or approve.")
    made = Adjudication(
        id=new_id(),
        pair_id=pair.id,
        round=pair.round,
        person_id=person.id,
        reviews=tuple(review.id for review in given),
        decision=decision,
        revision_id=chosen.id,
        reason=reason,
        source=source,
        request_key=request_key,
        created_at=now(),
    )
    reviews.adjudicate(cursor, made)
    settle(cursor, project, pair.id)
    audit.record(cursor, person.id, "dispute decided", pair.id, decision=decision, round=pair.round)
    return made


def _chosen(
    cursor: Cursor,
    given: Sequence[Review],
    start: Revision,
    person: Person,
    version: str | None,
    response: str | None,
) -> Revision:
    """The revision that is approved: of the version named, else of the text given."""
    if (version is None) == (response is None):
        raise InputError("An approval needs either a version (A, B, ...) or a text, not both and not neither.")
    found = pairs.texts(cursor, [review.revision_id for review in given])
    by_label = dict(zip(LABELS, (found[review.revision_id] for review in given), strict=False))
    if version is not None and version not in by_label:
        raise InputError(f"There is no version '{version}'. There are: {', '.join(by_label)}.")
    text = by_label[version].response if version else texts.must_be_text("response", response or "")
    if not text.strip():
        raise InputError("An empty response cannot be approved. Write one, or reject the pair.")
    if version:
        return by_label[version]
    same = [revision for revision in by_label.values() if texts.same(revision.response, text)]
    return same[0] if same else revised(cursor, start, text, person, "adjudication")


def _dispute(cursor: Cursor, pair: Pair) -> Dispute:
    given = _opinions(cursor, pair)
    found = pairs.texts(cursor, [review.revision_id for review in given])
    flags = reviews.flags(cursor, [pair.id])
    versions = tuple(
        Version(
            label=label,
            decision="approve" if review.decision == "approve" else "reject",
            response=found[review.revision_id].response,
            edited=review.revision_id != review.seen_revision,
            ratings=review.ratings,
            categories=review.categories,
            flags=tuple(_marked(flag, found[review.revision_id]) for flag in flags if flag.review_id == review.id),
            note=review.note,
        )
        for label, review in zip(LABELS, given, strict=False)
    )
    return Dispute(pair=pair, start=start_revision(cursor, pair), versions=versions)


def _opinions(cursor: Cursor, pair: Pair) -> list[Review]:
    """The round's opinions in the order of their letters, which is drawn by a hash of pair, round and person."""
    given = [r for r in reviews.current(cursor, pair.id, pair.round) if r.decision in ("approve", "reject")]
    return sorted(given, key=lambda review: sha256(pair.id, str(pair.round), review.person_id))


def _marked(flag: NewFlag, revision: Revision) -> MarkedFlag:
    fields = flag.model_dump(include=set(NewFlag.model_fields))
    return MarkedFlag(**fields, remains=spans.remains(flag, revision))
