"""The review desk: the next pair for an expert, and what the expert says about it.

A pair is leased for 15 minutes, renewed while the page is open. What an expert submits is stored in one
transaction and answered after the commit; the same request key twice is one review.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from hone.labeling import kept_back, texts
from hone.labeling.saying import Draft, Held, Opinion, Saying, must_be_free, must_be_wanted, say_all
from hone.labeling.standing import starts
from hone.labeling.undoing import undo
from hone.storage import findings, pairs, queue, reviews, suggestions, tally
from hone.storage.errors import Conflict, HoneError
from hone.storage.findings import Finding
from hone.storage.memory import Memory
from hone.storage.pairs import Begun, Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.queue import Lease, Wish
from hone.storage.records import Record, now
from hone.storage.reviews import Review
from hone.storage.store import Cursor, Store
from hone.storage.suggestions import Offer
from hone.storage.tally import Tally

__all__ = ["DeskView", "Draft", "Opinion", "keep_lease", "leave", "next_view", "save_draft", "submit", "undo"]


class DeskView(Record):
    """What an expert sees. `pair`, `lease` and `revision` are None when nothing is to be had just now.

    `revision` is the text to start from, the same for everybody in the round. `waiting` counts the pairs that
    want an opinion of this person; without a pair they are all with other people at the moment. `last` is the
    newest opinion that `undo` would try to take back. `findings` are what the checks found in the imported texts;
    `suggestion` is a model's answer, unless the project keeps it away; `comment` what a lead said when they sent
    this person's opinion back.

    A gold pair, or one that this person has decided before, looks like any other, and counts as `done` like it.
    Where a project mixes such pairs in, no pair shows its number, metadata or age, and `waiting` is rounded up to
    tens: each would tell them apart.
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
    rules = project.settings
    wish = Wish(
        project_id=project.id,
        person_id=person.id,
        gold_rate=rules.gold_rate,
        repeat_rate=rules.repeat_rate,
        seed=rules.seed,
    )
    given = store.write_each(_take_all, wish)
    view = _view(project, given)
    if _is_all(project, person, given, view):
        return view
    with store.read() as cursor:
        return view.model_copy(update=_read(cursor, project, person, given))


@dataclass(frozen=True)
class _Given:
    """What a claim comes to; `draft`: this person has left one on the pair."""

    lease: Lease | None
    pair: Begun | None
    counted: Tally
    draft: bool


def _take_all(cursor: Cursor, memory: Memory, wishes: Sequence[Wish]) -> list[_Given]:
    """Lease a pair to each, and tell what the writer knows of it: most views need no reading beside that."""
    leases = queue.claim_all(cursor, memory, wishes)
    found = queue.known(cursor, memory, [lease.subject_id for lease in leases if lease])
    drafts = reviews.drafted(cursor, memory, [wish.person_id for wish in wishes])
    given: list[_Given] = []
    for wish, lease in zip(wishes, leases, strict=True):
        counted = tally.of_all(cursor, memory, wish.project_id, [wish.person_id])[wish.person_id]
        pair = found[lease.subject_id] if lease else None
        left = pair is not None and pair.pair.id in drafts[wish.person_id]
        given.append(_Given(lease, pair, counted, left))
    return given


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


def _view(project: Project, given: _Given) -> DeskView:
    """What is known of it without reading: all, for most pairs."""
    pair = _like_any(project, given.pair.pair) if given.pair else None
    waiting = given.counted.waiting
    last = reviews.kept(given.counted.last[0]) if given.counted.last else None
    return DeskView(
        pair=pair,
        lease=given.lease,
        revision=given.pair.first if given.pair else None,
        draft=None,
        why=pair.why if pair else "",
        done=given.counted.done,
        waiting=-(-waiting // 10) * 10 if mixes(project) else waiting,
        last=last and last.model_copy(update={"kind": "review"}),
    )


def _is_all(project: Project, person: Person, given: _Given, view: DeskView) -> bool:
    """Whether there is nothing to be read beside it."""
    if given.counted.last and view.last is None:
        return False
    if given.pair is None:
        return True
    pair = given.pair.pair
    asks = pair.checks or (_offers(project) and not pair.response.strip())
    return pair.round == 1 and pair.reserved_for != person.id and not given.draft and not asks


def _read(cursor: Cursor, project: Project, person: Person, given: _Given) -> dict[str, object]:
    """What has to be read."""
    last = reviews.get(cursor, given.counted.last[0]) if given.counted.last else None
    said: dict[str, object] = {"last": last and last.model_copy(update={"kind": "review"})}
    if given.pair is None:
        return said
    pair, start = given.pair.pair, starts(cursor, [given.pair])[given.pair.pair.id]
    draft = _draft(cursor, person, pair) if given.draft else None
    again = pair.reserved_for == person.id or draft is not None  # what was sent back is a draft at the least
    bare = not start.response.strip()
    comment = reviews.comment_of(cursor, pair, person.id) if again else None
    return {
        **said,
        "revision": start,
        "draft": draft,
        **({} if comment is None else {"why": "sent back"}),
        "findings": tuple(findings.of_pairs(cursor, [pair.id])) if pair.checks else (),
        "suggestion": suggestions.offer(cursor, pair.id) if bare and _offers(project) else None,
        "comment": comment,
    }


def mixes(project: Project) -> bool:
    """Whether gold pairs or repeats come among the others."""
    return project.settings.gold_rate + project.settings.repeat_rate > 0


def _like_any(project: Project, pair: Pair) -> Pair:
    """The pair without what tells a gold or decided one from those that wait for a first opinion."""
    why = pair.why if pair.kind == "pair" and pair.state == "open" else "new"
    told = {
        "kind": "pair", "state": "open", "done": 0, "wanted": project.settings.overlap, "priority": 0, "place": 0.0,
        "why": why, "approved_revision": None, "reserved_for": None, "checks": None,
    }  # fmt: skip
    if mixes(project):
        told |= {"number": 0, "group": None, "source": "", "metadata": {}, "created_at": project.created_at}
    else:
        told |= {"metadata": {name: text for name, text in pair.metadata.items() if name not in kept_back.FIELDS}}
    return pair.model_copy(update=told)


def _offers(project: Project) -> bool:
    return project.settings.suggestions != "off"


def _draft(cursor: Cursor, person: Person, pair: Pair) -> Draft | None:
    body = reviews.draft(cursor, person.id, pair.id)
    try:
        return Draft.model_validate(body) if body else None
    except ValidationError:  # left by another version of Hone: better an empty form than none
        return None


def _leased(cursor: Cursor, project: Project, person: Person, token: str) -> tuple[Pair, bool]:
    """The pair of a lease, and whether its time still runs; Conflict when the lease is not there."""
    lease = queue.held(cursor, token, person.id)
    pair = pairs.get(cursor, lease.subject_id)
    _must_be_of(project, pair)
    return pair, lease.expires_at > now()


def _must_be_of(project: Project, pair: Pair) -> None:
    if pair.project_id != project.id:
        raise Conflict(f"This pair is not of the project '{project.name}'. Reload the page.")
