"""Where experts differ, a lead decides: between their versions without knowing whose they are, or with another.

With a project's sign-off, what experts agree on comes to the same place: the lead's word ends the round too.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from hone.labeling import spans, texts
from hone.labeling.saying import revised
from hone.labeling.standing import settle, start_revision
from hone.storage import audit, deciding, flags, pairs, reviews
from hone.storage.deciding import Waiting
from hone.storage.errors import Conflict, InputError
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, new_id, now, sha256
from hone.storage.reviews import Adjudication, NewFlag, Review, Source
from hone.storage.store import Cursor, Store

LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ACT = {"disputed": "dispute decided", "agreed": "agreement signed off"}


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
    """A pair that waits for a lead. `start` is the text that all experts of the round saw.

    `agreed` is the letter of the version that they agree on, None when they differ.
    """

    pair: Pair
    start: Revision
    versions: tuple[Version, ...]
    agreed: str | None = None


class Waits(Record):
    """How much waits for a lead: pairs on which experts differ, pairs to sign off, flags that nobody resolved."""

    disputed: int
    agreed: int
    flags: int


def waits(store: Store, project: Project, person: Person) -> Waits:
    """How much waits for a lead in this project."""
    person.must("lead")
    with store.read() as cursor:
        return Waits(
            disputed=deciding.count(cursor, project.id, "disputed"),
            agreed=deciding.count(cursor, project.id, "agreed"),
            flags=flags.open_counts(cursor, project.id).total(),
        )


def disputes(
    store: Store,
    project: Project,
    person: Person,
    state: Waiting = "disputed",
    *,
    limit: int = 50,
    skip: int = 0,
) -> list[Dispute]:
    """The pairs that wait for a decision, or with "agreed" for a sign-off; by priority and number."""
    person.must("lead")
    with store.read() as cursor:
        ids = deciding.waiting(cursor, project.id, state, limit, skip)
        found = pairs.many(cursor, ids)
        return [_dispute(cursor, found[pair_id]) for pair_id in ids]


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
    """End a round: approve one version (`version` "A", "B", ...) or a text of one's own, or reject the pair.

    Raises:
        Forbidden: The person is no lead.
        InputError: There is no such version, the text is empty, or an approval names not exactly one of both.
        Conflict: The pair is neither disputed nor to be signed off (any more). The same request key again gives the
            first decision.
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
    if pair.project_id != project.id or pair.state not in ("disputed", "agreed"):
        raise Conflict(f"Pair #{pair.number} is {pair.state}, not disputed: there is nothing to decide.")
    given = opinions(cursor, pair)
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
    audit.record(cursor, person.id, _ACT[pair.state], pair.id, decision=decision, round=pair.round)
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
    given = opinions(cursor, pair)
    found = pairs.texts(cursor, [review.revision_id for review in given])
    marked = {review.id: reviews.flags_of(cursor, review.id) for review in given}
    versions = tuple(
        Version(
            label=label,
            decision="approve" if review.decision == "approve" else "reject",
            response=found[review.revision_id].response,
            edited=review.revision_id != review.seen_revision,
            ratings=review.ratings,
            categories=review.categories,
            flags=tuple(_marked(flag, found[review.revision_id]) for flag in marked[review.id]),
            note=review.note,
        )
        for label, review in zip(LABELS, given, strict=False)
    )
    agreed = _agreed(versions) if pair.state == "agreed" else None
    return Dispute(pair=pair, start=start_revision(cursor, pair), versions=versions, agreed=agreed)


def _agreed(versions: Sequence[Version]) -> str | None:
    """The first version of those that most share."""
    said = [(each.decision, each.response.rstrip() if each.decision == "approve" else "") for each in versions]
    most = Counter(said).most_common(1)
    return versions[said.index(most[0][0])].label if most else None


def opinions(cursor: Cursor, pair: Pair) -> list[Review]:
    """The round's opinions in the order of their letters, which is drawn by a hash of pair, round and person."""
    given = [r for r in reviews.current(cursor, pair.id, pair.round) if r.decision in ("approve", "reject")]
    return sorted(given, key=lambda review: sha256(pair.id, str(pair.round), review.person_id))


def _marked(flag: NewFlag, revision: Revision) -> MarkedFlag:
    fields = flag.model_dump(include=set(NewFlag.model_fields))
    return MarkedFlag(**fields, remains=spans.remains(flag, revision))
