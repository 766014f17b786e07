"""What an expert says about a pair: the opinion, what is allowed in it, and how it is stored in one piece."""

from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from hone.labeling import spans, texts
from hone.labeling.diff import changed_words
from hone.labeling.standing import settle_with, start_revision
from hone.storage import pairs, queue, reviews, suggestions
from hone.storage.errors import Conflict, InputError
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import Record, new_id, now
from hone.storage.reviews import Answer, NewFlag, Review, Source
from hone.storage.store import Cursor

Verdict: TypeAlias = Literal["approve", "reject", "skip"]


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


def say(
    cursor: Cursor,
    project: Project,
    pair: Pair,
    person: Person,
    opinion: Opinion,
    *,
    held: bool,
    source: Source,
    request_key: str,
    seen: str | None = None,
) -> Review:
    """Check an opinion and store all of it: the edited text, the review, its flags, where the pair stands now.

    Everything is checked before the first row is written. `held` says that the person holds the pair at the
    moment; otherwise it must be free beside those who do. `seen` is the revision that they read, if it is known.

    Raises:
        InputError: Something in the opinion is not allowed.
        Conflict: The pair has all the opinions that it wants, or one of this person in this round; or its round
            starts from another text than the one that they read.
    """
    given = reviews.current(cursor, pair.id, pair.round)
    must_be_wanted(pair, person, given)
    if not held:
        must_be_free(cursor, pair, person)
    start = start_revision(cursor, pair)
    if seen not in (None, start.id):
        raise Conflict(f"Pair #{pair.number} went into a new round with another text. Read it again, then decide.")
    text = start.response if opinion.response is None else texts.must_be_text("response", opinion.response)
    note = texts.must_be_text("note", opinion.note, texts.LONGEST_NOTE)
    check(project.settings, opinion, start, text)
    decided = revised(cursor, start, text, person, _reason(cursor, pair, opinion, text))
    review = Review(
        id=new_id(),
        pair_id=pair.id,
        round=pair.round,
        person_id=person.id,
        seen_revision=start.id,
        revision_id=decided.id,
        decision=opinion.decision,
        ratings=opinion.ratings,
        answers=opinion.answers,
        categories=opinion.categories,
        edit_reason=opinion.edit_reason,
        suggestion_id=opinion.suggestion_id,
        note=note,
        seconds=opinion.seconds,
        project_version=project.version,
        source=source,
        request_key=request_key,
        created_at=now(),
    )
    reviews.add(cursor, review, opinion.flags)
    settle_with(cursor, project, pair, [*given, review])
    queue.release_subject(cursor, pair.id, person.id)
    reviews.drop_draft(cursor, person.id, pair.id)
    return review


def _reason(cursor: Cursor, pair: Pair, opinion: Opinion, text: str) -> str:
    """Why a new text was made: an expert took a model's answer as it is, or wrote it."""
    if opinion.suggestion_id is None:
        return "review"
    offer = suggestions.offered(cursor, pair.id, opinion.suggestion_id)
    if offer is None:
        raise InputError(f"The suggestion that you name is none for pair #{pair.number}. Reload the page.")
    return "suggestion" if texts.same(text, offer.response) else "review"


def must_be_wanted(pair: Pair, person: Person, given: Iterable[Review]) -> None:
    """Raise Conflict when the pair wants no further opinion, or has one of this person among those of its round."""
    if any(review.person_id == person.id for review in given):
        raise Conflict(
            f"There is an opinion of {person.name} on pair #{pair.number} in this round already. "
            "It can be taken back, and said anew."
        )
    if pair.state == "disputed" or pair.done >= pair.wanted:
        raise Conflict(f"Pair #{pair.number} has all the opinions it wants. Take the next one.")


def must_be_free(cursor: Cursor, pair: Pair, person: Person) -> None:
    """Raise Conflict when the pair gets all the opinions that it wants from those who are at work on it now."""
    if pair.done + queue.held_by_others(cursor, pair.id, person.id) >= pair.wanted:
        raise Conflict(f"Pair #{pair.number} is with as many others now as it wants. Take another, or try again later.")


def revised(cursor: Cursor, start: Revision, text: str, author: Person, reason: str) -> Revision:
    """The revision of this text: the one it started from when nothing changed, else a new one.

    White space at the end is no change, and is not kept.
    """
    if texts.same(text, start.response):
        return start
    added, removed = changed_words(start.response, text)
    return pairs.add_revision(cursor, start, text.rstrip(), author.id, reason, added, removed)


def check(settings: ProjectSettings, opinion: Opinion, seen: Revision, text: str) -> None:
    """Raise InputError unless the opinion keeps to the project's rubric, categories and taxonomy, and to the text."""
    if opinion.decision == "approve" and not text.strip():
        raise InputError("An empty response cannot be approved. Write one, or reject the pair.")
    _check_ratings(settings, opinion.ratings)
    for name in opinion.categories:
        if name not in settings.categories:
            raise InputError(f"'{name}' is no error category here. There are: {_list(settings.categories)}.")
    for flag in opinion.flags:
        _check_flag(settings, flag, seen, text)


def _check_ratings(settings: ProjectSettings, ratings: dict[str, int]) -> None:
    anchors = {dimension.key: dimension.anchors for dimension in settings.rubric}
    for key, score in ratings.items():
        if key not in anchors:
            raise InputError(f"'{key}' is not in the rubric. There are: {_list(anchors)}.")
        if score not in anchors[key]:
            raise InputError(f"{key} cannot be {score}: use {_list(str(one) for one in sorted(anchors[key]))}.")


def _check_flag(settings: ProjectSettings, flag: NewFlag, seen: Revision, text: str) -> None:
    known = {category.key: category for category in settings.taxonomy}
    if flag.category not in known:
        raise InputError(f"'{flag.category}' is no kind of flag here. There are: {_list(known)}.")
    if flag.severity not in (1, 2, 3):
        raise InputError(f"A flag's severity cannot be {flag.severity}: use 1 (slight), 2 or 3 (grave).")
    if known[flag.category].protected and not (flag.protected_group or "").strip():
        raise InputError(f"The flag '{known[flag.category].name}' must name the group that it is about.")
    for name, said in (("flag's comment", flag.comment), ("flag's group", flag.protected_group or "")):
        texts.must_be_text(name, said, texts.LONGEST_NOTE)
    # The edited text first; then the one that was seen, for words that the expert flagged and mended.
    candidates = [text] if flag.field == "response" else []
    if not any(spans.stands_in(flag, one) for one in [*candidates, spans.field_text(seen, flag.field)]):
        raise InputError(
            f"The flag's words '{flag.quote[:40]}' are not at {flag.start} to {flag.end} of the {flag.field}. "
            "Mark them again."
        )


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none in this project"
