"""What an expert sees at the desk: the pair that is theirs, with nothing on it that would tell them too much."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from hone.labeling import kept_back
from hone.labeling.saying import Draft
from hone.labeling.standing import starts
from hone.storage import findings, queue, reviews, suggestions, tally
from hone.storage.findings import Finding
from hone.storage.memory import Memory
from hone.storage.pairs import Begun, Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.queue import Lease, Wish
from hone.storage.records import Record
from hone.storage.reviews import Review
from hone.storage.store import Cursor, Store
from hone.storage.suggestions import Offer
from hone.storage.tally import Tally


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
