"""One pair's story: its texts, and for a lead what was said of it. An expert sees no opinion before giving theirs."""

from datetime import datetime
from typing import Literal

from hone.labeling import adjudication, kept_back
from hone.labeling.diff import Piece, word_diff
from hone.storage import deciding, pairs, people, reviews, seats
from hone.storage import flags as resolutions
from hone.storage.deciding import SentBack
from hone.storage.flags import Resolution
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.reviews import Adjudication, Flag, Review
from hone.storage.seats import Queued
from hone.storage.store import Cursor, Store


class Told(Record):
    """Something that happened to a pair. `pieces` is what it changed in the response."""

    at: datetime
    kind: Literal["imported", "edited", "reviewed", "decided", "sent back", "resolved", "queued"]
    who: str
    says: str
    tone: Literal["", "good", "bad", "unsure", "accent"] = ""
    pieces: tuple[Piece, ...] = ()
    chips: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    note: str = ""
    example: bool = False


class Story(Record):
    """A pair with all that this person may know of it, the oldest first. `hidden`: opinions are kept back.

    `opinions` of the round can be sent back by this person: what each is called, by the id of its review.
    """

    pair: Pair
    response: str
    told: tuple[Told, ...]
    hidden: bool
    opinions: dict[str, str] = {}


def story(store: Store, project: Project, person: Person, pair_id: str) -> Story:
    """The story of a pair.

    A lead sees everything, but no expert's name while the pair waits for the lead's decision. Others see the texts
    of a pair that is decided, without names, and of one that is not decided only what was imported.
    """
    person.must("lead", "expert")
    with store.read() as cursor:
        pair = pairs.get(cursor, pair_id)
        texts = pairs.revisions(cursor, pair_id)
        lead = person.has("lead")
        decided = pair.state in ("approved", "rejected")
        names = {each.id: each.full_name if lead else "an expert" for each in people.everyone(cursor)}
        given = adjudication.opinions(cursor, pair) if lead else []
        if pair.state in ("disputed", "agreed"):
            letters = zip(adjudication.LABELS, given, strict=False)
            names.update({review.person_id: f"Expert {letter}" for letter, review in letters})
        told = _texts(texts, names) if lead or decided else _texts(texts[:1], names)
        if lead:
            told += _opinions(cursor, project, pair, names)
        may = bool(given) and reviews.adjudication_of(cursor, pair.id, pair.round) is None
    by_id = {text.id: text for text in texts}
    now = by_id.get(pair.approved_revision or "", texts[0])
    return Story(
        pair=kept_back.shown(pair, person),
        response=now.response,
        told=tuple(sorted(told, key=lambda each: each.at)),
        hidden=not lead,
        opinions={review.id: names.get(review.person_id, "somebody") for review in given} if may else {},
    )


def _texts(revisions: list[Revision], names: dict[str, str]) -> list[Told]:
    by_id = {revision.id: revision for revision in revisions}
    return [_text(each, by_id.get(each.parent_id or ""), names) for each in revisions]


def _text(revision: Revision, parent: Revision | None, names: dict[str, str]) -> Told:
    who = names.get(revision.author_id, "somebody")
    if parent is None:
        return Told(at=revision.created_at, kind="imported", who=who, says="imported it")
    changed = f"{revision.words_added} added, {revision.words_removed} removed"
    return Told(
        at=revision.created_at,
        kind="edited",
        who=who,
        says=_change(revision),
        pieces=tuple(word_diff(parent.response, revision.response)),
        chips=(changed,),
    )


def _change(revision: Revision) -> str:
    if revision.reason.startswith("fix: "):
        return f"had it mended: {revision.reason.removeprefix('fix: ')}"
    return "changed the response"


def _opinions(cursor: Cursor, project: Project, pair: Pair, names: dict[str, str]) -> list[Told]:
    flags = reviews.flags(cursor, [pair.id])
    told = [_review(project, each, flags, names) for each in reviews.current(cursor, pair.id)]
    rounds = (reviews.adjudication_of(cursor, pair.id, each) for each in range(1, pair.round + 1))
    told += [_adjudication(each, names) for each in rounds if each]
    told += [_queued(each, names) for each in seats.queued(cursor, pair.id)]
    told += [_sent_back(each, names) for each in deciding.sent_back_of(cursor, pair.id)]
    return told + [_resolved(each, flags, names) for each in resolutions.resolutions(cursor, pair.id)]


def _review(project: Project, review: Review, flags: list[Flag], names: dict[str, str]) -> Told:
    scores = tuple(f"{d.name} {review.ratings[d.key]}" for d in project.settings.rubric if d.key in review.ratings)
    word = {"approve": "approved it", "reject": "rejected it", "skip": "skipped it"}[review.decision]
    return Told(
        at=review.created_at,
        kind="reviewed",
        who=names.get(review.person_id, "somebody"),
        says=word,
        tone="good" if review.decision == "approve" else "bad" if review.decision == "reject" else "",
        chips=(*scores, *review.categories),
        flags=tuple(flag for flag in flags if flag.review_id == review.id),
        note=review.note,
        example=review.source == "example",
    )


def _adjudication(given: Adjudication, names: dict[str, str]) -> Told:
    return Told(
        at=given.created_at,
        kind="decided",
        who=names.get(given.person_id, "somebody"),
        says="approved it between the experts" if given.decision == "approve" else "rejected it between the experts",
        tone="good" if given.decision == "approve" else "bad",
        note=given.reason,
        example=given.source == "example",
    )


def _queued(given: Queued, names: dict[str, str]) -> Told:
    return Told(
        at=given.created_at,
        kind="queued",
        who=names.get(given.person_id, "somebody"),
        says="sent it to the experts",
        tone="unsure",
        note=given.why,
    )


def _sent_back(given: SentBack, names: dict[str, str]) -> Told:
    return Told(
        at=given.created_at,
        kind="sent back",
        who=names.get(given.person_id, "somebody"),
        says=f"sent it back to {names.get(given.expert_id, 'an expert')}",
        tone="unsure",
        note=given.comment,
    )


def _resolved(given: Resolution, flags: list[Flag], names: dict[str, str]) -> Told:
    quote = next((flag.quote for flag in flags if flag.id == given.flag_id), "")
    return Told(
        at=given.created_at,
        kind="resolved",
        who=names.get(given.person_id, "somebody"),
        says=f"resolved a flag on “{quote}”" if quote else "resolved a flag",
        chips=(given.outcome,),
        note=given.reason,
    )
