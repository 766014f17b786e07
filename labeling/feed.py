"""The way back: what a report found goes to the experts again, before everything else."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from hone.labeling.texts import must_be_text
from hone.storage import audit, pairs, seats
from hone.storage.errors import InputError, NotFound
from hone.storage.pairs import Pair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Cursor, Store

FRONT = 10  # priority; an import gives 0
LONGEST_WHY = 200


class Sent(Record):
    """How many pairs came back for a new round, moved to the front, or wait for a lead's decision as before."""

    reopened: int
    moved: int
    disputed: int


def send_pairs(
    store: Store,
    project: Project,
    person: Person,
    pair_ids: Sequence[str],
    why: str,
    report_id: str | None = None,
) -> Sent:
    """Send these pairs to the experts: decided ones start a new round, open ones move to the front.

    `why` is what the experts read beside the pair. What was said in earlier rounds stays.

    Raises:
        Forbidden: The person is no lead.
        InputError: There is no pair, one is not of this project, or no reason is given.
    """
    person.must("lead")

    def change(cursor: Cursor) -> Sent:
        found = pairs.many(cursor, list(pair_ids))
        for pair_id in pair_ids:
            if pair_id not in found or found[pair_id].project_id != project.id:
                raise NotFound(f"There is no pair {pair_id} in the project '{project.name}'.")
        return _send(cursor, project, person, found.values(), why, report_id)

    return store.write(change)


def send_slice(
    store: Store,
    project: Project,
    person: Person,
    field: str,
    value: str,
    why: str,
    report_id: str | None = None,
    *,
    reopen: bool = False,
) -> Sent:
    """Send a slice to the experts: the pairs whose metadata `field` (or whose "group") is `value`.

    Open pairs move to the front. With `reopen`, approved and rejected ones start a new round, too.

    Raises:
        Forbidden: The person is no lead.
        InputError: No pair is in that slice; what there is is named.
    """
    person.must("lead")

    def change(cursor: Cursor) -> Sent:
        everything = pairs.listing(cursor, project.id, limit=1_000_000)
        found = [pair for pair in everything if _of(pair, field) == value]
        if not found:
            raise InputError(_no_slice(everything, field, value))
        chosen = [pair for pair in found if reopen or pair.state in ("open", "disputed")]
        return _send(cursor, project, person, chosen, why, report_id, slice=f"{field}={value}")

    return store.write(change)


def _send(
    cursor: Cursor,
    project: Project,
    person: Person,
    chosen: Iterable[Pair],
    why: str,
    report_id: str | None,
    slice: str | None = None,
) -> Sent:
    if not must_be_text("reason", why, LONGEST_WHY).strip():
        raise InputError("Say why these pairs go back: the experts read it beside the pair.")
    by_state: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in chosen:
        by_state["decided" if pair.state in ("approved", "rejected") else pair.state].append(pair)
    seats.prioritise(cursor, by_state["open"], why=why, priority=FRONT, report_id=report_id, person_id=person.id)
    seats.reopen(cursor, by_state["decided"], why=why, priority=FRONT, report_id=report_id, person_id=person.id)
    waiting = len(by_state["disputed"]) + len(by_state["agreed"])
    sent = Sent(reopened=len(by_state["decided"]), moved=len(by_state["open"]), disputed=waiting)
    audit.record(cursor, person.id, "sent to experts", project.id, why=why, slice=slice, **sent.model_dump())
    return sent


def _of(pair: Pair, field: str) -> str | None:
    return pair.group if field == "group" else pair.metadata.get(field)


def _no_slice(everything: Sequence[Pair], field: str, value: str) -> str:
    values = sorted({found for pair in everything if (found := _of(pair, field)) is not None})
    if values:
        shown = ", ".join(values[:10]) + (", …" if len(values) > 10 else "")
        return f"No pair has the {field} '{value}'. There are: {shown}."
    fields = sorted({name for pair in everything for name in pair.metadata} | {"group"})
    return f"No pair has a field '{field}'. There are: {', '.join(fields)}."
