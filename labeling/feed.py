"""The way back: what a report found goes to the experts again, before everything else."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

from hone.labeling import filtering
from hone.labeling.texts import must_be_text
from hone.storage import audit, pairs, seats, slices
from hone.storage.errors import InputError, NotFound
from hone.storage.filters import PairFilter
from hone.storage.pairs import Pair, State
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Cursor, Store

FRONT = 10  # priority; an import gives 0
LONGEST_WHY = 200
PORTION = 1_000  # pairs whose texts are held at once, and for which the desk waits
DECIDED: set[State] = {"approved", "rejected"}


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
    wanted = PairFilter(group=value) if field == "group" else PairFilter(metadata={field: value})
    with store.read() as cursor:
        if not pairs.count(cursor, project.id, wanted):
            raise InputError(_no_slice(cursor, project, field, value))
    return send_chosen(store, project, person, wanted, why, report_id, reopen=reopen)


def send_chosen(
    store: Store,
    project: Project,
    person: Person,
    wanted: PairFilter,
    why: str,
    report_id: str | None = None,
    *,
    reopen: bool = False,
) -> Sent:
    """Send the pairs that a filter means to the experts, as `send_slice` does; a thousand in one transaction.

    A pair that is in none of the filter's states any more when its turn comes is left as it is.

    Raises:
        Forbidden: The person is no lead.
        InputError: The filter means no pair, or no reason is given.
    """
    person.must("lead")
    _must_say(why)
    states = tuple(state for state in wanted.states or pairs.STATES if reopen or state not in DECIDED)
    with store.read() as cursor:
        if not pairs.count(cursor, project.id, wanted):
            raise InputError("No pair is meant by this filter. Take something out of it.")
        ids = pairs.ids(cursor, project.id, wanted.model_copy(update={"states": states})) if states else []

    def portion(cursor: Cursor, start: int) -> Sent:
        found = pairs.many(cursor, ids[start : start + PORTION]).values()
        chosen = [pair for pair in found if pair.state in states]
        return _send(cursor, project, person, chosen, why, report_id, filtering.text_of(wanted))

    sent = [store.write(partial(portion, start=start)) for start in range(0, len(ids), PORTION)]
    return Sent(
        reopened=sum(part.reopened for part in sent),
        moved=sum(part.moved for part in sent),
        disputed=sum(part.disputed for part in sent),
    )


def _send(
    cursor: Cursor,
    project: Project,
    person: Person,
    chosen: Iterable[Pair],
    why: str,
    report_id: str | None,
    slice: str | None = None,
) -> Sent:
    _must_say(why)
    by_state: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in chosen:
        by_state["decided" if pair.state in DECIDED else pair.state].append(pair)
    seats.prioritise(cursor, by_state["open"], why=why, priority=FRONT, report_id=report_id, person_id=person.id)
    seats.reopen(cursor, by_state["decided"], why=why, priority=FRONT, report_id=report_id, person_id=person.id)
    waiting = len(by_state["disputed"]) + len(by_state["agreed"])
    sent = Sent(reopened=len(by_state["decided"]), moved=len(by_state["open"]), disputed=waiting)
    audit.record(cursor, person.id, "sent to experts", project.id, why=why, slice=slice, **sent.model_dump())
    return sent


def _must_say(why: str) -> None:
    if not must_be_text("reason", why, LONGEST_WHY).strip():
        raise InputError("Say why these pairs go back: the experts read it beside the pair.")


def _no_slice(cursor: Cursor, project: Project, field: str, value: str) -> str:
    there = slices.values(cursor, project.id, "group" if field == "group" else f"metadata.{field}", limit=11)
    if there:
        shown = ", ".join(each.value for each in there[:10]) + (", …" if len(there) > 10 else "")
        return f"No pair has the {field} '{value}'. There are: {shown}."
    fields = sorted({*slices.fields(cursor, project.id), "group"})
    return f"No pair has a field '{field}'. There are: {', '.join(fields)}."
