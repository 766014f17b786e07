"""The review desk: the next pair for an expert, and what the expert says about it.

A pair is leased for 15 minutes, renewed while the page is open. What an expert submits is stored in one
transaction and answered after the commit; the same request key twice is one review.
"""

from contextlib import suppress

from pydantic import ValidationError

from hone.labeling import texts
from hone.labeling.saying import Draft, Opinion, must_be_free, must_be_wanted, say
from hone.labeling.standing import settle, start_revision
from hone.storage import batches, findings, pairs, queue, reviews, suggestions
from hone.storage.errors import Conflict
from hone.storage.findings import Finding
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.queue import Lease
from hone.storage.records import Record, new_id, now
from hone.storage.reviews import NewFlag, Review
from hone.storage.store import Cursor, Store
from hone.storage.suggestions import Offer

__all__ = ["DeskView", "Draft", "Opinion", "keep_lease", "leave", "next_view", "save_draft", "submit", "undo"]


class DeskView(Record):
    """What an expert sees. `pair`, `lease` and `revision` are None when nothing is to be had just now.

    `revision` is the text to start from, the same for everybody in the round. `waiting` counts the pairs that
    want an opinion of this person; without a pair they are all with other people at the moment. `last` is the
    newest opinion that `undo` would try to take back. `findings` are what the checks found in the imported texts;
    `suggestion` is a model's answer, unless the project keeps it away; `comment` what a lead said when they sent
    this person's opinion back.
    """

    pair: Pair | None
    lease: Lease | None
    revision: Revision | None
    draft: Draft | None
    why: str
    done: int
    waiting: int
    last: Review | None
    findings: tuple[Finding, ...] = ()
    suggestion: Offer | None = None
    comment: str | None = None


def next_view(store: Store, project: Project, person: Person) -> DeskView:
    """The pair that this expert holds, or the next one, leased to them.

    Raises:
        Forbidden: The person is no expert.
    """
    person.must("expert")
    with store.read() as cursor:
        lease = queue.holding(cursor, project.id, person.id)
    if lease is None:
        lease = store.write(lambda cursor: queue.claim(cursor, project.id, person.id))
    with store.read() as cursor:
        return _view(cursor, project, person, lease)


def submit(
    store: Store,
    project: Project,
    person: Person,
    token: str,
    opinion: Opinion,
    request_key: str,
    *,
    pair_id: str | None = None,
    seen: str | None = None,
) -> Review:
    """Store an expert's opinion on the pair of this lease, and give the lease back.

    A lease that ran out is no loss while the pair still wants an opinion of this person; naming the pair
    (`pair_id`) lets that work even after the lease was cleared away. `seen` names the revision that was on the
    screen: a pair that went into a new round with another text meanwhile is not decided unread.

    Raises:
        InputError: A rating, category, flag or text is not allowed; nothing is stored.
        Conflict: The lease is lost and the pair is with others, or has all the opinions it wants; or its text is
            not the one that was seen.
    """
    person.must("expert")

    def change(cursor: Cursor) -> Review:
        earlier = _answered(cursor, request_key, person)
        if earlier:
            if pair_id not in (None, earlier.pair_id):
                raise Conflict("This request key was used for another pair. Reload the page.")
            return earlier
        pair, held = _pair_of(cursor, project, person, token, pair_id)
        return say(cursor, project, pair, person, opinion, held=held, source="page", request_key=request_key, seen=seen)

    return store.write(change)


def undo(store: Store, project: Project, person: Person, request_key: str) -> Review | None:
    """Take back the person's newest opinion in the project, as a new row, and hand them the pair again.

    What they had said is their draft. Gives the undoing row, or None when there is nothing to take back.

    Raises:
        Conflict: The opinion was used already: the pair is in another round, adjudicated or in a batch; or it
            was a skip and the pair is with others now.
    """
    person.must("expert")

    def change(cursor: Cursor) -> Review | None:
        earlier = _answered(cursor, request_key, person)
        if earlier:
            return earlier
        last = next(iter(reviews.last_of(cursor, project.id, person.id, limit=1)), None)
        return _take_back(cursor, project, person, last, request_key) if last else None

    return store.write(change)


def save_draft(store: Store, project: Project, person: Person, token: str, draft: Draft) -> None:
    """Keep what the expert has entered so far, also when the lease has run out; Conflict when it was given back."""
    person.must("expert")
    texts.must_be_text("response", draft.response or "")
    texts.must_be_text("note", draft.note, texts.LONGEST_NOTE)

    def change(cursor: Cursor) -> None:
        pair, _ = _leased(cursor, project, person, token)
        reviews.save_draft(cursor, person.id, pair.id, draft.model_dump(mode="json", include=set(Draft.model_fields)))

    store.write(change)


def keep_lease(store: Store, project: Project, person: Person, token: str) -> Lease:
    """Hold a pair for another 15 minutes; Conflict when it went to somebody else."""
    person.must("expert")

    def change(cursor: Cursor) -> Lease:
        pair, live = _leased(cursor, project, person, token)
        if not live:
            must_be_wanted(pair, person, reviews.current(cursor, pair.id, pair.round))
            must_be_free(cursor, pair, person)
        return queue.renew(cursor, token, person.id)

    return store.write(change)


def leave(store: Store, project: Project, person: Person, token: str, *, soon: bool = False) -> None:
    """Give a pair back without an opinion; the draft stays. Nothing happens when the lease is gone.

    `soon` leaves the person half a minute to come back, as a page that is loaded again does.
    """
    person.must("expert")

    def change(cursor: Cursor) -> None:
        with suppress(Conflict):  # gone already
            _, live = _leased(cursor, project, person, token)
            if soon and live:
                queue.renew(cursor, token, person.id, queue.LEFT)
            else:
                queue.release(cursor, token)

    store.write(change)


def _view(cursor: Cursor, project: Project, person: Person, lease: Lease | None) -> DeskView:
    pair = pairs.get(cursor, lease.subject_id) if lease else None
    start = start_revision(cursor, pair) if pair else None
    bare = start is not None and not start.response.strip()
    return DeskView(
        pair=pair,
        lease=lease,
        revision=start,
        draft=_draft(cursor, person, pair) if pair else None,
        why=pair.why if pair else "",
        done=reviews.done_by(cursor, project.id, person.id),
        waiting=reviews.waiting_for(cursor, project.id, person.id),
        last=next(iter(reviews.last_of(cursor, project.id, person.id, limit=1)), None),
        findings=tuple(findings.of_pairs(cursor, [pair.id])) if pair else (),
        suggestion=suggestions.offer(cursor, pair.id) if pair and bare and _offers(project) else None,
        comment=reviews.comment_of(cursor, pair.id, person.id) if pair else None,
    )


def _offers(project: Project) -> bool:
    return project.settings.suggestions != "off"


def _draft(cursor: Cursor, person: Person, pair: Pair) -> Draft | None:
    body = reviews.draft(cursor, person.id, pair.id)
    try:
        return Draft.model_validate(body) if body else None
    except ValidationError:  # left by another version of Hone: better an empty form than none
        return None


def _answered(cursor: Cursor, request_key: str, person: Person) -> Review | None:
    """What an earlier try of this request stored."""
    earlier = reviews.by_request(cursor, request_key)
    if earlier and earlier.person_id != person.id:
        raise Conflict("This request key was used by somebody else. Reload the page.")
    return earlier


def _leased(cursor: Cursor, project: Project, person: Person, token: str) -> tuple[Pair, bool]:
    """The pair of a lease, and whether its time still runs; Conflict when the lease is not there."""
    lease = queue.held(cursor, token, person.id)
    pair = pairs.get(cursor, lease.subject_id)
    _must_be_of(project, pair)
    return pair, lease.expires_at > now()


def _must_be_of(project: Project, pair: Pair) -> None:
    if pair.project_id != project.id:
        raise Conflict(f"This pair is not of the project '{project.name}'. Reload the page.")


def _pair_of(cursor: Cursor, project: Project, person: Person, token: str, pair_id: str | None) -> tuple[Pair, bool]:
    """The pair of a lease, or else the one that is named, and whether the person holds it still."""
    try:
        return _leased(cursor, project, person, token)
    except Conflict:
        if pair_id is None:
            raise
    pair = pairs.get(cursor, pair_id)
    _must_be_of(project, pair)
    return pair, False


def _take_back(cursor: Cursor, project: Project, person: Person, last: Review, request_key: str) -> Review:
    pair = pairs.get(cursor, last.pair_id)
    _must_be_undoable(cursor, pair, last, person)
    draft = _as_draft(cursor, last)
    undone = last.model_copy(
        update={
            "id": new_id(),
            "decision": "undo",
            "undoes": last.id,
            "ratings": {},
            "answers": {},
            "categories": (),
            "edit_reason": None,
            "suggestion_id": None,
            "note": "",
            "seconds": None,
            "project_version": project.version,
            "source": "page",
            "request_key": request_key,
            "created_at": now(),
        }
    )
    reviews.add(cursor, undone)
    found = settle(cursor, project, pair.id)
    reviews.save_draft(cursor, person.id, pair.id, draft.model_dump(mode="json"))
    if found.state == "open":
        queue.release_subject(cursor, pair.id, person.id)
        queue.lease(cursor, "pair", pair.id, person.id)
    return undone


def _must_be_undoable(cursor: Cursor, pair: Pair, last: Review, person: Person) -> None:
    said = f"Your opinion on pair #{pair.number} stays:"
    if pair.round != last.round:
        raise Conflict(f"{said} the pair has gone into another round of review since.")
    if reviews.adjudication_of(cursor, pair.id, pair.round):
        raise Conflict(f"{said} a lead has decided between the experts. Tell them if you see it otherwise now.")
    batch = batches.holding(cursor, pair.id, last.created_at)
    if batch is not None:
        raise Conflict(f"{said} it is in the frozen batch {batch}. Ask a lead to send the pair back for review.")
    others = queue.held_by_others(cursor, pair.id, person.id)
    if last.decision == "skip" and pair.done + others >= pair.wanted:
        raise Conflict(f"Pair #{pair.number} went to others after you skipped it. Take the next one.")


def _as_draft(cursor: Cursor, review: Review) -> Draft:
    """What a review said, as something to start from again."""
    edited = review.revision_id != review.seen_revision
    marked = [flag for flag in reviews.flags(cursor, [review.pair_id]) if flag.review_id == review.id]
    return Draft(
        response=pairs.revision(cursor, review.revision_id).response if edited else None,
        ratings=review.ratings,
        answers=review.answers,
        categories=review.categories,
        edit_reason=review.edit_reason,
        suggestion_id=review.suggestion_id,
        flags=tuple(NewFlag(**flag.model_dump(include=set(NewFlag.model_fields))) for flag in marked),
        note=review.note,
    )
