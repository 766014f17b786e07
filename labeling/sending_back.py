"""A lead gives an opinion back to its expert, with a comment: it counts no more, and they start from what they said."""

from collections.abc import Sequence

from hone.labeling import adjudication, texts
from hone.labeling.saying import as_draft
from hone.labeling.standing import settle
from hone.storage import audit, batches, deciding, pairs, people, reviews, seats
from hone.storage.deciding import SentBack
from hone.storage.errors import Conflict, InputError
from hone.storage.pairs import Pair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.reviews import Review
from hone.storage.store import Cursor, Store


def send_back(
    store: Store,
    project: Project,
    person: Person,
    pair_id: str,
    comment: str,
    *,
    version: str | None = None,
    review_id: str | None = None,
    request_key: str,
) -> SentBack:
    """Give one opinion of the pair's round back: that of a version ("A", "B", ...), or a review by its id.

    The pair is then kept for this expert, before all else in their queue; the desk shows the comment and their
    former opinion as a draft. Of two opinions that are given back, the pair goes to the first expert first.

    Raises:
        Forbidden: The person is no lead.
        InputError: The comment is empty, or there is no such version.
        Conflict: The opinion stands no more, or a lead has decided; the pair is decided without it; it is in a
            frozen batch; or the expert reviews no more.
    """
    person.must("lead")
    comment = _comment(comment)
    return store.write(
        lambda cursor: _send_back(cursor, project, person, pair_id, comment, version, review_id, request_key)
    )


def send_back_all(
    store: Store,
    project: Project,
    person: Person,
    pair_id: str,
    chosen: Sequence[str],
    comment: str,
    *,
    request_key: str,
) -> list[SentBack]:
    """Give several opinions on a pair back with one comment, or none; each is named by its letter, or its review's id.

    Raises:
        InputError: None is chosen; and all that `send_back` raises.
    """
    person.must("lead")
    if not chosen:
        raise InputError("Choose whose opinion is sent back.")
    comment = _comment(comment)

    def change(cursor: Cursor) -> list[SentBack]:
        given: list[SentBack] = []
        for name in sorted(chosen, reverse=True):  # the last letter first: those before it keep theirs
            version, review_id = (name, None) if name in adjudication.LABELS else (None, name)
            key = f"{request_key}-{name}"
            given.append(_send_back(cursor, project, person, pair_id, comment, version, review_id, key))
        return given

    return store.write(change)


def _comment(given: str) -> str:
    comment = texts.must_be_text("comment", given, texts.LONGEST_NOTE).strip()
    if not comment:
        raise InputError("What is sent back needs a comment: say to the expert what to look at again.")
    return comment


def _send_back(
    cursor: Cursor,
    project: Project,
    person: Person,
    pair_id: str,
    comment: str,
    version: str | None,
    review_id: str | None,
    request_key: str,
) -> SentBack:
    earlier = deciding.sent_back_by_request(cursor, request_key)
    if earlier:
        if (earlier.pair_id, earlier.person_id) != (pair_id, person.id):
            raise Conflict("This request key was used for another pair. Reload the page.")
        return earlier
    pair = pairs.get(cursor, pair_id)
    review = _opinion(cursor, project, pair, version, review_id)
    _must_be_free(cursor, pair, review)
    return _give_back(cursor, project, person, pair, review, comment, request_key)


def _give_back(
    cursor: Cursor, project: Project, person: Person, pair: Pair, review: Review, comment: str, request_key: str
) -> SentBack:
    """Write it; what the expert said is read before it stands no more."""
    draft = as_draft(cursor, review)
    reviews.send_back(cursor, project.id, review, by=person.id, comment=comment, request_key=request_key)
    if settle(cursor, project, pair.id).state != "open":
        raise Conflict(f"The others agree on pair #{pair.number} without this opinion: nobody would be asked again.")
    if pairs.get(cursor, pair.id).reserved_for is None:
        seats.reserve(cursor, project.id, pair.id, review.person_id)
    reviews.save_draft(cursor, review.person_id, pair.id, draft.model_dump(mode="json"))
    audit.record(cursor, person.id, "opinion sent back", pair.id, review=review.id, round=pair.round)
    return deciding.sent_back_of(cursor, pair.id)[-1]


def _opinion(cursor: Cursor, project: Project, pair: Pair, version: str | None, review_id: str | None) -> Review:
    """The opinion that is meant, one of those that stand in the pair's round."""
    if pair.project_id != project.id:
        raise Conflict(f"This pair is not of the project '{project.name}'. Reload the page.")
    if (version is None) == (review_id is None):
        raise InputError("Say which opinion is sent back: either a version (A, B, ...), or the id of a review.")
    given = adjudication.opinions(cursor, pair)
    if review_id is not None:
        found = next((review for review in given if review.id == review_id), None)
        if found is None:
            raise Conflict(f"This opinion on pair #{pair.number} stands no more, or is of an earlier round.")
        return found
    by_label = dict(zip(adjudication.LABELS, given, strict=False))
    if version not in by_label:
        raise InputError(f"There is no version '{version}'. There are: {', '.join(by_label) or 'none'}.")
    return by_label[version]


def _must_be_free(cursor: Cursor, pair: Pair, review: Review) -> None:
    """Raise Conflict unless the opinion can still be given anew."""
    if reviews.adjudication_of(cursor, pair.id, pair.round):
        raise Conflict(f"A lead has decided on pair #{pair.number} already. Send the pair to the queue again instead.")
    batch = batches.holding(cursor, pair.id, review.created_at)
    if batch is not None:
        raise Conflict(f"Pair #{pair.number} is in the frozen batch {batch}. Send the pair to the queue again instead.")
    expert = people.get(cursor, review.person_id)
    if not (expert.active and expert.has("expert")):
        raise Conflict(f"Whoever said this reviews no more. Decide on pair #{pair.number} yourself.")
