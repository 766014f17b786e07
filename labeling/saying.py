"""What experts say about pairs: opinions, checked one by one, stored together with all that goes with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from hone.labeling import texts
from hone.labeling.allowed import check
from hone.labeling.diff import changed_words
from hone.labeling.standing import Said, settle_said, starts
from hone.storage import pairs, projects, queue, reviews, suggestions, tally
from hone.storage.errors import Conflict, HoneError, InputError, NotFound
from hone.storage.memory import Memory
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, new_id, now
from hone.storage.reviews import Answer, Kind, NewFlag, Review, Source
from hone.storage.store import Cursor
from hone.storage.suggestions import Offer

Verdict: TypeAlias = Literal["approve", "reject", "skip"]
Held: TypeAlias = Literal["none", "over", "live"]


class Draft(Record):
    """What an expert has entered so far. `response` None means that the text is not edited.

    `suggestion_id` names the model's answer that was on the screen.
    """

    response: str | None = None
    ratings: dict[str, int] = {}
    answers: dict[str, Answer] = {}
    categories: tuple[str, ...] = ()
    edit_reason: str | None = None
    suggestion_id: str | None = None
    flags: tuple[NewFlag, ...] = ()
    note: str = ""


class Opinion(Draft):
    """A decision with all that goes with it. `seconds` is the time that was spent on the pair."""

    decision: Verdict
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


@dataclass(frozen=True)
class Saying:
    """An opinion of somebody on a pair of the project.

    `lease`: they were given the pair and have not let go of it; "live" while its time runs. Without a lease the pair
    must be free beside those who are at work on it. `seen` is the revision that they read, if it is known.
    """

    pair_id: str
    person: Person
    opinion: Opinion
    request_key: str
    source: Source
    lease: Held = "none"
    seen: str | None = None


def say(cursor: Cursor, project: Project, saying: Saying) -> Review:
    """Check one opinion and store it; see `say_all`."""
    answer = say_all(cursor, Memory(), project, [saying])[0]
    if isinstance(answer, HoneError):
        raise answer
    return answer


def say_all(cursor: Cursor, memory: Memory, project: Project, sayings: Sequence[Saying]) -> list[Review | HoneError]:
    """Check opinions and store them: edited texts, reviews, flags, and where each pair stands now.

    Each is answered by its review, or by why it is refused, which leaves the others alone:

    InputError: Something in the opinion is not allowed.
    Conflict: The pair has all the opinions that it wants, or one of this person in this round; or its round
        starts from another text than the one that they read.
    """
    room = _read(cursor, memory, sayings)
    answers = [_heard(project, room, saying) for saying in sayings]
    if room.stored:  # an opinion is checked by the rules that its page showed, and counts by those of this moment
        _store(cursor, memory, _as_it_is(cursor, memory, project), room)
    return answers


class _Rules:
    """Projects as they are, in the writer's memory."""

    def __init__(self) -> None:
        self.projects: dict[str, Project] = {}


def _as_it_is(cursor: Cursor, memory: Memory, project: Project) -> Project:
    known = memory.part(_Rules).projects
    if project.id not in known:
        known[project.id] = projects.get(cursor, project.id)
    return known[project.id]


@dataclass
class _Room:
    """What was read for a group of opinions, and what they come to, to be stored at the end."""

    pairs: dict[str, Pair]
    starts: dict[str, Revision]
    given: dict[str, list[Review]]  # in the pair's round; grows as opinions are heard
    before: dict[str, tuple[Review, ...]]
    holders: dict[str, set[str]]
    offers: dict[tuple[str, str], Offer]  # by pair and id
    heard: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])  # pair and person
    stored: list[tuple[Review, Sequence[NewFlag]]] = field(default_factory=list[tuple[Review, Sequence[NewFlag]]])
    revisions: list[Revision] = field(default_factory=list[Revision])


def _read(cursor: Cursor, memory: Memory, sayings: Sequence[Saying]) -> _Room:
    found = queue.known(cursor, memory, [saying.pair_id for saying in sayings])
    spoken = [pair_id for pair_id, one in found.items() if one.said_by]  # of the others there is nothing to read
    opinions = reviews.current_of(cursor, spoken) if spoken else {}
    given = {
        pair_id: [review for review in opinions.get(pair_id, []) if review.round == one.pair.round]
        for pair_id, one in found.items()
    }
    free = list({saying.pair_id for saying in sayings if saying.lease != "live"})
    named = [saying.opinion.suggestion_id for saying in sayings if saying.opinion.suggestion_id is not None]
    return _Room(
        pairs={pair_id: one.pair for pair_id, one in found.items()},
        starts=starts(cursor, found.values()),
        given=given,
        before={pair_id: tuple(said) for pair_id, said in given.items()},
        holders=queue.held_by(cursor, free),
        offers=suggestions.offered(cursor, named),
    )


def _heard(project: Project, room: _Room, saying: Saying) -> Review | HoneError:
    """The review that an opinion comes to, noted for storing, or why it is refused."""
    try:
        pair = _pair(project, room, saying.pair_id)
        kind = _kind(room, pair, saying)
        start = room.starts[pair.id]
        if saying.seen not in (None, start.id):
            raise Conflict(f"Pair #{pair.number} went into a new round with another text. Read it again, then decide.")
        review, revision = _made(project, room, pair, saying, kind)
    except HoneError as problem:
        return problem
    room.heard.add((pair.id, saying.person.id))
    room.stored.append((review, saying.opinion.flags))
    if revision is not start:
        room.revisions.append(revision)
    if kind == "review":
        room.given[pair.id].append(review)
        room.holders.get(pair.id, set()).discard(saying.person.id)
    return review


def _pair(project: Project, room: _Room, pair_id: str) -> Pair:
    pair = room.pairs.get(pair_id)
    if pair is None:
        raise NotFound(f"There is no pair {pair_id}.")
    if pair.project_id != project.id:
        raise Conflict(f"This pair is not of the project '{project.name}'. Reload the page.")
    return pair


def _kind(room: _Room, pair: Pair, saying: Saying) -> Kind:
    """A second look for who was given one, else an opinion on a pair that wants it; raises Conflict otherwise."""
    given = room.given[pair.id]
    if (pair.id, saying.person.id) in room.heard:  # two tabs at the same moment: one lease, one opinion
        raise queue.lost()
    if pair.kind == "gold":
        if saying.lease == "none":
            raise queue.lost()
        return "gold"
    if saying.lease != "none" and any(review.person_id == saying.person.id for review in given):
        return "repeat"  # the queue gives nobody a pair again in a round but for this
    must_be_wanted(pair, saying.person, given)
    if saying.lease != "live":
        must_be_free(pair, saying.person, given, room.holders.get(pair.id, set()))
    return "review"


def _made(project: Project, room: _Room, pair: Pair, saying: Saying, kind: Kind) -> tuple[Review, Revision]:
    """The review and the text that it is about, once all of the opinion is checked."""
    opinion, start = saying.opinion, room.starts[pair.id]
    text = start.response if opinion.response is None else texts.must_be_text("response", opinion.response)
    note = texts.must_be_text("note", opinion.note, texts.LONGEST_NOTE)
    check(
        project.settings,
        opinion.decision,
        start,
        text,
        ratings=opinion.ratings,
        answers=opinion.answers,
        categories=opinion.categories,
        edit_reason=opinion.edit_reason,
        flags=opinion.flags,
    )
    decided = revision_of(start, text, saying.person, _reason(room, pair, opinion, text))
    review = Review(
        id=new_id(),
        pair_id=pair.id,
        round=pair.round,
        person_id=saying.person.id,
        seen_revision=start.id,
        revision_id=decided.id,
        decision=opinion.decision,
        kind=kind,
        ratings=opinion.ratings,
        answers=opinion.answers,
        categories=opinion.categories,
        edit_reason=opinion.edit_reason,
        suggestion_id=opinion.suggestion_id,
        note=note,
        seconds=opinion.seconds,
        project_version=project.version,
        source=saying.source,
        request_key=saying.request_key,
        created_at=now(),
    )
    return review, decided


def _reason(room: _Room, pair: Pair, opinion: Opinion, text: str) -> str:
    """Why a new text was made: an expert took a model's answer as it is, or wrote it."""
    if opinion.suggestion_id is None:
        return "review"
    offer = room.offers.get((pair.id, opinion.suggestion_id))
    if offer is None:
        raise InputError(f"The suggestion that you name is none for pair #{pair.number}. Reload the page.")
    return "suggestion" if texts.same(text, offer.response) else "review"


def _store(cursor: Cursor, memory: Memory, project: Project, room: _Room) -> None:
    pairs.add_revisions(cursor, room.revisions)
    told = {review.pair_id for review, _ in room.stored if review.kind == "review"}
    said = [
        Said(pair=room.pairs[pair_id], before=room.before[pair_id], after=tuple(room.given[pair_id]))
        for pair_id in sorted(told)
    ]
    known = {revision.id: revision.response for revision in (*room.starts.values(), *room.revisions)}
    with tally.counting(cursor, project.id, memory) as noted:
        reviews.add_all(cursor, room.stored, noted)
        settle_said(cursor, memory, project, said, known, noted)
    queue.release_all(cursor, memory, [(review.pair_id, review.person_id) for review, _ in room.stored])
    reviews.drop_drafts(cursor, memory, [(review.person_id, review.pair_id) for review, _ in room.stored])


def must_be_wanted(pair: Pair, person: Person, given: Iterable[Review]) -> None:
    """Raise Conflict when the pair wants no further opinion, or has one of this person among those of its round."""
    told = list(given)
    if any(review.person_id == person.id for review in told):
        raise Conflict(
            f"There is an opinion of {person.name} on pair #{pair.number} in this round already. "
            "It can be taken back, and said anew."
        )
    if pair.state == "disputed" or _done(told) >= pair.wanted:
        raise Conflict(f"Pair #{pair.number} has all the opinions it wants. Take the next one.")


def must_be_free(pair: Pair, person: Person, given: Iterable[Review], holders: Iterable[str]) -> None:
    """Raise Conflict when the pair gets all the opinions that it wants from those who are at work on it now."""
    told = list(given)
    at_work = set(holders) - {review.person_id for review in told} - {person.id}
    if _done(told) + len(at_work) >= pair.wanted or pair.reserved_for not in (None, person.id):
        raise Conflict(f"Pair #{pair.number} is with as many others now as it wants. Take another, or try again later.")


def _done(given: Iterable[Review]) -> int:
    return sum(review.decision in ("approve", "reject") for review in given)


def revised(cursor: Cursor, start: Revision, text: str, author: Person, reason: str) -> Revision:
    """The revision of this text, stored when it is a new one; see `revision_of`."""
    made = revision_of(start, text, author, reason)
    if made is not start:
        pairs.add_revisions(cursor, [made])
    return made


def revision_of(start: Revision, text: str, author: Person, reason: str) -> Revision:
    """The revision of this text: the one it started from when nothing changed, else a new one.

    White space at the end is no change, and is not kept.
    """
    if texts.same(text, start.response):
        return start
    added, removed = changed_words(start.response, text)
    return pairs.revised(start, text.rstrip(), author.id, reason, added, removed)


def as_draft(cursor: Cursor, review: Review) -> Draft:
    """What a review said, as something to start from again."""
    edited = review.revision_id != review.seen_revision
    marked = reviews.flags_of(cursor, review.id)
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
