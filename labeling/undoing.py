"""Taking back: the last ten decisions of an expert, one after the other, each as a new row."""

from hone.labeling.saying import as_draft
from hone.labeling.standing import settle
from hone.storage import batches, pairs, queue, reviews, tally
from hone.storage.errors import Conflict
from hone.storage.pairs import Pair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id, now
from hone.storage.reviews import Review
from hone.storage.store import Cursor, Store


def undo(store: Store, project: Project, person: Person, request_key: str) -> Review | None:
    """Take back the person's newest decision in the project, as a new row, and hand them the pair again.

    What they had said is their draft. Gives the undoing row, or None when they have decided nothing yet.

    Raises:
        Conflict: Ten were taken back already; or the opinion was used: the pair is in another round, adjudicated or
            in a batch; or it was a skip and the pair is with others now.
    """
    person.must("expert")

    def change(cursor: Cursor) -> Review | None:
        earlier = reviews.by_request(cursor, request_key)
        if earlier and earlier.person_id != person.id:
            raise Conflict("This request key was used by somebody else. Reload the page.")
        if earlier:
            return earlier
        counted = tally.of(cursor, project.id, person.id)
        last = reviews.get(cursor, counted.last[0]) if counted.last else None
        if last is None and counted.turns:
            raise Conflict(
                f"Only the last {tally.LAST} decisions can be taken back. Ask a lead to send an earlier one back."
            )
        return _take_back(cursor, project, person, last, request_key) if last else None

    undone = store.write(change)
    return undone and undone.model_copy(update={"kind": "review"})  # a second look is like any other


def _take_back(cursor: Cursor, project: Project, person: Person, last: Review, request_key: str) -> Review:
    pair = pairs.get(cursor, last.pair_id)
    if last.kind == "review":
        _must_be_undoable(cursor, pair, last, person)
    draft = as_draft(cursor, last)
    undone = Review(
        id=new_id(),
        pair_id=last.pair_id,
        round=last.round,
        person_id=person.id,
        seen_revision=last.seen_revision,
        revision_id=last.revision_id,
        decision="undo",
        undoes=last.id,
        kind=last.kind,
        ratings={},
        project_version=project.version,
        source="page",
        request_key=request_key,
        created_at=now(),
    )
    reviews.undo(cursor, project.id, undone, last)
    again = _may_look_again(pair, last) if last.kind != "review" else settle(cursor, project, pair.id).state == "open"
    reviews.save_draft(cursor, person.id, pair.id, draft.model_dump(mode="json"))
    if again:
        queue.release_subject(cursor, pair.id, person.id)
        queue.lease(cursor, "pair", pair.id, person.id)
    return undone


def _may_look_again(pair: Pair, last: Review) -> bool:
    """A gold pair is there for everybody; of another a second look ends with its round: the next one has its own."""
    return last.kind == "gold" or pair.round == last.round


def _must_be_undoable(cursor: Cursor, pair: Pair, last: Review, person: Person) -> None:
    said = f"Your opinion on pair #{pair.number} stays:"
    if pair.round != last.round:
        raise Conflict(f"{said} the pair has gone into another round of review since.")
    if reviews.adjudication_of(cursor, pair.id, pair.round):
        raise Conflict(f"{said} a lead has decided between the experts. Tell them if you see it otherwise now.")
    batch = batches.holding(cursor, pair.id, last.created_at)
    if batch is not None:
        raise Conflict(f"{said} it is in the frozen batch {batch}. Ask a lead to send the pair back for review.")
    others = queue.held_by(cursor, [pair.id]).get(pair.id, set()) - {person.id}
    if last.decision == "skip" and pair.done + len(others) >= pair.wanted:
        raise Conflict(f"Pair #{pair.number} went to others after you skipped it. Take the next one.")
