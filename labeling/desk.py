"""The review desk: the next pair for an expert, and what the expert says about it.

A pair is leased for 15 minutes, renewed while the page is open. What an expert submits is stored in one
transaction and answered after the commit; the same request key twice is one review.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from hone.labeling import texts
from hone.labeling.desk_view import DeskView, next_view
from hone.labeling.saying import Draft, Held, Opinion, Saying, must_be_free, must_be_wanted, say_all
from hone.labeling.undoing import undo
from hone.storage import pairs, queue, reviews
from hone.storage.errors import Conflict, HoneError
from hone.storage.memory import Memory
from hone.storage.pairs import Pair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.queue import Lease
from hone.storage.records import now
from hone.storage.reviews import Review
from hone.storage.store import Cursor, Store

__all__ = ["DeskView", "Draft", "Opinion", "keep_lease", "leave", "next_view", "save_draft", "submit", "undo"]


@dataclass(frozen=True)
class _Submission:
    """One request to store an opinion."""

    project: Project
    person: Person
    token: str
    opinion: Opinion
    request_key: str
    pair_id: str | None
    seen: str | None


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
    return store.write_each(_submit_all, _Submission(project, person, token, opinion, request_key, pair_id, seen))


def _submit_all(cursor: Cursor, memory: Memory, given: Sequence[_Submission]) -> list[Review | HoneError]:
    """Store what waits, each for itself; what was stored before is answered by what it is.

    A key that came twice in one go is stored once, and the second is answered like a later repeat. Whoever comes
    with a lease that is there has not used it: once the writer remembers something, their key is not looked up. Should
    it be that of another pair, the store refuses it as taken, and the writer tries again without its memory.
    """
    answers: dict[int, Review | HoneError] = {}
    keys = [one.request_key for one in given]
    trusting = not memory.empty
    leases = queue.held_all(cursor, memory, [one.token for one in given])
    asked = [one.request_key for one in given if not (trusting and one.token in leases)]
    earlier = reviews.by_requests(cursor, asked) if asked else {}
    said: defaultdict[tuple[str, int], list[tuple[int, Saying]]] = defaultdict(list)
    projects = {(one.project.id, one.project.version): one.project for one in given}
    for place, one in enumerate(given):
        if one.request_key in earlier or one.request_key in keys[:place]:
            continue
        saying = _saying(one, leases.get(one.token))
        if isinstance(saying, HoneError):
            answers[place] = saying
        else:
            said[(one.project.id, one.project.version)].append((place, saying))
    for project, waiting in said.items():
        stored = say_all(cursor, memory, projects[project], [saying for _, saying in waiting])
        answers.update(zip((place for place, _ in waiting), stored, strict=True))
    for place, one in enumerate(given):
        if place not in answers:
            answers[place] = _repeated(one, earlier.get(one.request_key) or answers[keys.index(one.request_key)])
    return [_plain(answers[place]) for place in range(len(given))]


def _saying(one: _Submission, lease: Lease | None) -> Saying | HoneError:
    """The opinion on the pair of the lease, or else on the one that is named."""
    if lease is not None and lease.person_id == one.person.id:
        held: Held = "live" if lease.expires_at > now() else "over"
        return Saying(lease.subject_id, one.person, one.opinion, one.request_key, "page", held, one.seen)
    if one.pair_id is not None:
        return Saying(one.pair_id, one.person, one.opinion, one.request_key, "page", "none", one.seen)
    return queue.lost()


def _repeated(one: _Submission, first: Review | HoneError) -> Review | HoneError:
    """The answer to a request that came before."""
    if isinstance(first, HoneError):
        return first
    if first.person_id != one.person.id:
        return Conflict("This request key was used by somebody else. Reload the page.")
    if one.pair_id not in (None, first.pair_id):
        return Conflict("This request key was used for another pair. Reload the page.")
    return first


def _plain(answer: Review | HoneError) -> Review | HoneError:
    """The answer as the expert may see it: a second look is like any other."""
    return answer if isinstance(answer, HoneError) else answer.model_copy(update={"kind": "review"})


def save_draft(store: Store, project: Project, person: Person, token: str, draft: Draft) -> None:
    """Keep what the expert has entered so far, also when the lease has run out; Conflict when it was given back."""
    person.must("expert")
    texts.must_be_text("response", draft.response or "")
    texts.must_be_text("note", draft.note, texts.LONGEST_NOTE)
    store.write_each(_save_all, _Typed(project, person, token, draft))


@dataclass(frozen=True)
class _Typed:
    """One request to keep a draft."""

    project: Project
    person: Person
    token: str
    draft: Draft


def _save_all(cursor: Cursor, memory: Memory, given: Sequence[_Typed]) -> list[HoneError | None]:
    """Keep what was typed; the writer goes on remembering the queue, for people type all the time."""
    answers: list[HoneError | None] = []
    for one in given:
        try:
            pair, _ = _leased(cursor, one.project, one.person, one.token)
        except HoneError as problem:
            answers.append(problem)
            continue
        body = one.draft.model_dump(mode="json", include=set(Draft.model_fields))
        reviews.save_draft(cursor, one.person.id, pair.id, body, memory)
        answers.append(None)
    return answers


def keep_lease(store: Store, project: Project, person: Person, token: str) -> Lease:
    """Hold a pair for another 15 minutes; Conflict when it went to somebody else."""
    person.must("expert")

    def change(cursor: Cursor) -> Lease:
        pair, live = _leased(cursor, project, person, token)
        given = reviews.current(cursor, pair.id, pair.round)
        again = pair.kind == "gold" or any(review.person_id == person.id for review in given)
        if not live and not again:  # a second look takes no place from anybody
            must_be_wanted(pair, person, given)
            must_be_free(pair, person, given, queue.held_by(cursor, [pair.id]).get(pair.id, set()))
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


def _leased(cursor: Cursor, project: Project, person: Person, token: str) -> tuple[Pair, bool]:
    """The pair of a lease, and whether its time still runs; Conflict when the lease is not there."""
    lease = queue.held(cursor, token, person.id)
    pair = pairs.get(cursor, lease.subject_id)
    _must_be_of(project, pair)
    return pair, lease.expires_at > now()


def _must_be_of(project: Project, pair: Pair) -> None:
    if pair.project_id != project.id:
        raise Conflict(f"This pair is not of the project '{project.name}'. Reload the page.")
