"""Where a pair stands, as the opinions of its round and the decision of a lead give it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from hone.storage import order, pairs, projects, reviews, seats, tally
from hone.storage.memory import Memory
from hone.storage.pairs import Begun, Pair, Revision, State
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import Record
from hone.storage.reviews import Adjudication, Review
from hone.storage.seats import Seat
from hone.storage.store import Cursor

Word: TypeAlias = tuple[str, str]  # decision, and the text when it approves


class Standing(Record):
    """The state of a pair in its round, the number of opinions, whether they differ so far, and the approved text."""

    state: State
    done: int
    approved_revision: str | None = None
    differ: bool = False


def standing(
    given: Sequence[Review],
    adjudication: Adjudication | None,
    overlap: int,
    agree: int,
    texts: Mapping[str, str],
    sign_off: bool = False,
) -> Standing:
    """What the opinions of one round amount to.

    As soon as `agree` of them coincide, the pair is approved or rejected; two approvals coincide when their
    texts do, apart from white space at the end. With `sign_off` it is only agreed: a lead has the last word. When
    `overlap` are in without that, it is disputed. A lead's adjudication ends the round whatever was said. A skip
    counts as nothing.

    Args:
        given: Opinions that nobody took back, the oldest first.
        adjudication: The decision that ended the round, if there is one.
        overlap: How many opinions the pair wants.
        agree: How many of them must coincide.
        texts: The response of each revision that an opinion names.
        sign_off: Whether a lead must agree, too.
    """
    opinions = [review for review in given if review.decision in ("approve", "reject")]
    done = len(opinions)
    if adjudication is not None:
        if adjudication.decision == "reject":
            return Standing(state="rejected", done=done)
        return Standing(state="approved", done=done, approved_revision=adjudication.revision_id)
    first_with: dict[Word, str] = {}
    votes: Counter[Word] = Counter()
    for review in opinions:
        said = _word(review, texts)
        first_with.setdefault(said, review.revision_id)
        votes[said] += 1
        if votes[said] >= agree:
            if sign_off:
                return Standing(state="agreed", done=done)
            if review.decision == "reject":
                return Standing(state="rejected", done=done)
            return Standing(state="approved", done=done, approved_revision=first_with[said])
    if done >= overlap:
        return Standing(state="disputed", done=done)
    return Standing(state="open", done=done, differ=len(votes) > 1)


class Said(Record):
    """A pair, and the opinions of its round that stand: as the queue knows them, and as they are now."""

    pair: Pair
    before: tuple[Review, ...]
    after: tuple[Review, ...]


def settle(cursor: Cursor, project: Project, pair_id: str) -> Standing:
    """Work out where a pair stands from its rows, and write it where the queue reads it."""
    return settle_all(cursor, project, [pair_id])[pair_id]


def settle_all(cursor: Cursor, project: Project, pair_ids: Sequence[str]) -> dict[str, Standing]:
    """The same for many pairs of a project. The rules are those of this moment, whatever the caller has read before."""
    project = projects.get(cursor, project.id)
    before = seats.seats(cursor, pair_ids)
    found = pairs.many(cursor, pair_ids)
    given = reviews.current_of(cursor, pair_ids)
    rounds = {pair_id: [one for one in given[pair_id] if one.round == found[pair_id].round] for pair_id in pair_ids}
    stand = _standings(cursor, project, [(found[pair_id], rounds[pair_id]) for pair_id in pair_ids], {})
    back = reviews.given_back(cursor, pair_ids)
    after = {one: _seat(project, found[one], rounds[one], stand[one], back) for one in pair_ids}
    seats.move(cursor, project.id, [(before[one], after[one]) for one in pair_ids])
    return stand


def settle_said(
    cursor: Cursor,
    memory: Memory,
    project: Project,
    said: Sequence[Said],
    texts: Mapping[str, str],
    noted: tally.Counting,
) -> None:
    """The same for a caller that has read it all in this transaction; `texts` are responses of revisions it knows."""
    stand = _standings(cursor, project, [(one.pair, one.after) for one in said], texts)
    back = reviews.given_back(cursor, [one.pair.id for one in said if one.pair.reserved_for])
    moves = [
        (_known_seat(one.pair, one.before), _seat(project, one.pair, one.after, stand[one.pair.id], back))
        for one in said
    ]
    seats.move_noting(cursor, moves, noted, memory)


def _standings(
    cursor: Cursor, project: Project, given: Sequence[tuple[Pair, Sequence[Review]]], texts: Mapping[str, str]
) -> dict[str, Standing]:
    unknown = {one.revision_id for _, opinions in given for one in opinions} - texts.keys()
    known = {**texts, **_responses(cursor, unknown)}
    rules = project.settings
    found: dict[str, Standing] = {}
    for pair, opinions in given:
        # A lead decides on pairs that wait for it, which are settled at once: in the round of an open one nobody has.
        decided = None if pair.state == "open" else reviews.adjudication_of(cursor, pair.id, pair.round)
        found[pair.id] = standing(opinions, decided, pair.wanted, rules.agree, known, rules.sign_off)
    return found


def _known_seat(pair: Pair, given: Sequence[Review]) -> Seat:
    """The seat of a pair as the queue has it: what `seats` would read."""
    fields = pair.model_dump(include={"id", "state", "wanted", "done", "reserved_for", "approved_revision", "place"})
    return Seat.model_validate({**fields, "said_by": frozenset(review.person_id for review in given)})


def _seat(
    project: Project,
    pair: Pair,
    given: Sequence[Review],
    found: Standing,
    back: Mapping[tuple[str, int], Sequence[str]],
) -> Seat:
    """Where the pair belongs now. Who got their opinion back has it to themselves until they have spoken."""
    said_by = frozenset(review.person_id for review in given)
    waited_for = [person_id for person_id in back.get((pair.id, pair.round), ()) if person_id not in said_by]
    keeper = waited_for[0] if waited_for and found.state == "open" else None
    place = pair.place
    if project.settings.order == "disagreement":
        place = order.place_by_opinions(pair.number, pair.priority, found.done, found.differ)
        place -= order.KEPT * (pair.reserved_for is not None)
    seat = Seat(
        id=pair.id,
        state=found.state,
        wanted=pair.wanted,
        done=found.done,
        said_by=said_by,
        reserved_for=pair.reserved_for,
        approved_revision=found.approved_revision,
        place=place,
    )
    return seats.kept_for(seat, keeper)


def change_settings(cursor: Cursor, project: Project, settings: ProjectSettings, by: Person) -> Project:
    """New settings of a project, and its open pairs under their rule at once.

    They want as many opinions as it says; those that have them already are settled, and all get their place in
    the new order. Without a lead's sign-off, what the experts agreed on is decided. What is decided or disputed
    stays so.

    Raises:
        Forbidden: The person is no lead.
    """
    made = projects.change(cursor, project, settings, by)
    before, after = project.settings, made.settings
    if (before.overlap, before.agree) != (after.overlap, after.agree):
        settle_all(cursor, made, seats.want(cursor, made.id, after.overlap))
    if before.sign_off and not after.sign_off:
        settle_all(cursor, made, seats.agreed(cursor, made.id))
    if (before.order, before.seed) != (after.order, after.seed):
        order.reorder(cursor, made)
    return made


def rebuild(cursor: Cursor, project: Project) -> None:
    """Write where all pairs of a project stand anew, from the rows of what was said; then count who waits for what."""
    ids = seats.of_project(cursor, project.id)
    for start in range(0, len(ids), 1_000):
        settle_all(cursor, project, ids[start : start + 1_000])
    order.reorder(cursor, project)
    tally.rebuild(cursor, project.id)


def starts(cursor: Cursor, found: Iterable[Begun]) -> dict[str, Revision]:
    """The text that the round of each pair starts from, for a caller that has read the first ones."""
    return {one.pair.id: one.first if one.pair.round == 1 else start_revision(cursor, one.pair) for one in found}


def start_revision(cursor: Cursor, pair: Pair) -> Revision:
    """The text that a round starts from: what the last approving round settled on, else what was imported.

    Read from the rows alone, so everybody in a round sees the same text whatever the others do in it.
    """
    for earlier in range(pair.round - 1, 0, -1):
        decided = reviews.adjudication_of(cursor, pair.id, earlier)
        revision = decided.revision_id if decided and decided.decision == "approve" else None
        if decided is None:
            revision = _most_approved(cursor, reviews.current(cursor, pair.id, earlier))
        if revision:
            return pairs.revision(cursor, revision)
    return pairs.revision(cursor, pair.first_revision)


def _most_approved(cursor: Cursor, given: Sequence[Review]) -> str | None:
    """The text that most opinions of a round share, the first on a tie; None when most reject, or there are none."""
    opinions = [review for review in given if review.decision in ("approve", "reject")]
    texts = _responses(cursor, {review.revision_id for review in opinions})
    votes = Counter(_word(review, texts) for review in opinions)
    if not votes:
        return None
    most = votes.most_common(1)[0][0]  # of equal counts, the one that was met first
    return next((r.revision_id for r in opinions if r.decision == "approve" and _word(r, texts) == most), None)


def _word(review: Review, texts: Mapping[str, str]) -> Word:
    return (review.decision, texts[review.revision_id].rstrip() if review.decision == "approve" else "")


def _responses(cursor: Cursor, revision_ids: Collection[str]) -> dict[str, str]:
    found = pairs.texts(cursor, sorted(revision_ids)) if revision_ids else {}
    return {revision_id: revision.response for revision_id, revision in found.items()}
