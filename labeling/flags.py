"""Flags are resolved by a person, with a reason: the words were mended, they may stay, or they were no flag."""

from hone.labeling import spans, texts
from hone.storage import audit, flags, pairs
from hone.storage.errors import Conflict, InputError, NotFound
from hone.storage.flags import Outcome, Resolution
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, new_id, now
from hone.storage.reviews import Flag
from hone.storage.store import Cursor, Store

SAYS: dict[Outcome, str] = {
    "mended": "the words were changed",
    "accepted": "the flag is right, and the words may stay",
    "dismissed": "there was nothing to flag",
}


class FlagCount(Record):
    """How many flags of a category and a severity are open."""

    category: str
    severity: int
    open: int


class OpenFlag(Record):
    """A flag with the text that its words stand in. `remains`: they are still in what the pair says now.

    `now` is the text that was approved, else the one that the flag was set on; whose flag it is, is not told.
    """

    flag_id: str
    number: int
    pair_id: str
    pair_state: str
    category: str
    severity: int
    field: str
    start: int
    end: int
    quote: str
    protected_group: str | None
    comment: str
    mitigation: str
    instruction: str
    context: str
    response: str
    remains: bool
    now: str
    resolution: Resolution | None = None


def counts(store: Store, project: Project, person: Person) -> list[FlagCount]:
    """The open flags by category and severity, the gravest first."""
    person.must("lead")
    with store.read() as cursor:
        found = flags.open_counts(cursor, project.id)
    ordered = sorted(found.items(), key=lambda each: (-each[0][1], each[0][0]))
    return [FlagCount(category=category, severity=severity, open=n) for (category, severity), n in ordered]


def listing(
    store: Store,
    project: Project,
    person: Person,
    *,
    resolved: bool = False,
    category: str | None = None,
    severity: int | None = None,
    limit: int = 50,
    skip: int = 0,
) -> list[OpenFlag]:
    """Flags of opinions that stand, open ones or those that were resolved; the gravest first, then the oldest."""
    person.must("lead")
    with store.read() as cursor:
        found = flags.listing(
            cursor, project.id, resolved=resolved, category=category, severity=severity, limit=limit, skip=skip
        )
        return [_shown(cursor, flag) for flag in found]


def resolve(
    store: Store, project: Project, person: Person, flag_id: str, outcome: Outcome, reason: str, request_key: str
) -> Resolution:
    """Say what became of a flag. A later word on the same flag is another row, and counts instead.

    Raises:
        Forbidden: The person is no lead.
        NotFound: There is no such flag in the project.
        InputError: The reason is empty; or the flag is called mended while the approved text has its words.
        Conflict: The opinion that it belongs to was taken back or sent back; or the key was used for another flag.
    """
    person.must("lead")
    reason = texts.must_be_text("reason", reason, texts.LONGEST_NOTE).strip()
    if outcome not in flags.OUTCOMES:
        raise InputError(f"'{outcome}' is no way to resolve a flag. There are: {', '.join(flags.OUTCOMES)}.")
    if not reason:
        raise InputError("A flag is resolved with a reason. Say in a few words why.")

    def change(cursor: Cursor) -> Resolution:
        earlier = flags.resolution_by_request(cursor, request_key)
        if earlier:
            if (earlier.flag_id, earlier.person_id) != (flag_id, person.id):
                raise Conflict("This request key was used for another flag. Reload the page.")
            return earlier
        flag, pair = _flag(cursor, project, flag_id)
        if outcome == "mended":
            _must_be_mended(cursor, flag, pair)
        made = Resolution(
            id=new_id(),
            flag_id=flag.id,
            pair_id=pair.id,
            person_id=person.id,
            outcome=outcome,
            reason=reason,
            request_key=request_key,
            created_at=now(),
        )
        flags.resolve(cursor, made)
        audit.record(cursor, person.id, "flag resolved", pair.id, outcome=outcome, flag=flag.id)
        return made

    return store.write(change)


def _flag(cursor: Cursor, project: Project, flag_id: str) -> tuple[Flag, Pair]:
    flag = flags.get(cursor, flag_id)
    pair = pairs.get(cursor, flag.pair_id) if flag else None
    if flag is None or pair is None or pair.project_id != project.id:
        raise NotFound(f"There is no flag {flag_id} in {project.name}. `hone flags list` shows those that there are.")
    if not flags.stands(cursor, flag):
        raise Conflict(f"The opinion on pair #{pair.number} that this flag belongs to stands no more: nor does it.")
    return flag, pair


def _must_be_mended(cursor: Cursor, flag: Flag, pair: Pair) -> None:
    approved = pairs.revision(cursor, pair.approved_revision) if pair.approved_revision else None
    if approved and spans.remains(flag, approved):
        raise InputError(
            f"The words '{flag.quote[:40]}' still stand in the approved text of pair #{pair.number}. Send the pair "
            "back and mend them, or accept the flag."
        )


def _shown(cursor: Cursor, flag: Flag) -> OpenFlag:
    pair = pairs.get(cursor, flag.pair_id)
    text = _text_of(cursor, flag)
    current = pairs.revision(cursor, pair.approved_revision) if pair.approved_revision else text
    shared = OpenFlag.model_fields.keys() & flag.model_dump().keys()
    return OpenFlag.model_validate(
        {
            **flag.model_dump(include=set(shared)),
            "flag_id": flag.id,
            "number": pair.number,
            "pair_state": pair.state,
            "instruction": text.instruction,
            "context": text.context,
            "response": text.response,
            "remains": spans.remains(flag, current),
            "now": spans.field_text(current, flag.field),
            "resolution": flags.resolution_of(cursor, flag.id),
        }
    )


def _text_of(cursor: Cursor, flag: Flag) -> Revision:
    """The text that the flag's words stand in: the one that was decided on, else the one that was seen."""
    decided, seen = flags.texts_of(cursor, flag)
    found = pairs.revision(cursor, decided)
    return found if spans.stands_in(flag, spans.field_text(found, flag.field)) else pairs.revision(cursor, seen)
