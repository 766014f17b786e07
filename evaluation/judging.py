"""Blind judging: a reviewer sees two whole answers, left and right, and says which is better."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError

from hone.evaluation.matchups import sides
from hone.storage import audit, matchups, queue
from hone.storage.errors import Conflict, HoneError, InputError
from hone.storage.matchups import Judgement, Matchup, MatchupSet, Showing
from hone.storage.people import Person
from hone.storage.records import Record, new_id, now, sha256
from hone.storage.store import Cursor, Store

REASONS = ("accurate", "complete", "clear", "tone", "shorter", "safer", "follows the instruction")


class JudgeView(Record):
    """What a reviewer may see: nothing here tells a model. `token` is None when nothing waits for them."""

    token: str | None
    instruction: str = ""
    context: str = ""
    left: str = ""
    right: str = ""
    done: int
    waiting: int


class Verdict(Record):
    """A reviewer's opinion in terms of the screen. `strength`: 1 slightly, 2 clearly, 3 by far."""

    choice: Literal["left", "right", "tie", "both_bad", "skip"]
    strength: int | None = Field(default=None, ge=1, le=3)
    reasons: tuple[str, ...] = ()
    note: str = Field(default="", max_length=4000)
    seconds: float | None = Field(default=None, ge=0, le=86_400, allow_inf_nan=False)


class SheetRow(Record):
    """One matchup for judging outside of Hone, as blind as the page."""

    token: str
    instruction: str
    context: str
    left: str
    right: str


class Recorded(Record):
    """What became of the rows of a filled sheet; `refused` holds (row number from 1, reason)."""

    added: int
    known: int
    refused: tuple[tuple[int, str], ...]


def next_view(store: Store, made: MatchupSet, person: Person) -> JudgeView:
    """The next matchup for this reviewer, leased to them, with the side that was drawn for them and written down.

    Raises:
        Forbidden: The person is no reviewer.
    """
    person.must("reviewer")

    def change(cursor: Cursor) -> JudgeView:
        queue.drop_expired(cursor)
        waiting = matchups.open_for(cursor, made.id, person.id)
        done = matchups.given_by(cursor, made.id, person.id)
        if not waiting:
            return JudgeView(token=None, done=done, waiting=0)
        drawn = sides(made.seed, person.id, matchups.ids(cursor, made.id))
        held = queue.leases_of(cursor, "matchup", person.id)
        order = [matchup for matchup in drawn if matchup in set(waiting)]  # in the reviewer's own order
        chosen = next((matchup for matchup in order if matchup in held), order[0])
        if chosen not in held:
            queue.lease(cursor, "matchup", chosen, person.id)
        shown = matchups.show(cursor, chosen, made.id, person.id, drawn[chosen])
        row = _sheet_row(matchups.matchup(cursor, chosen), shown)
        return JudgeView(**row.model_dump(), done=done, waiting=len(waiting))

    return store.write(change)


def submit(store: Store, person: Person, token: str, verdict: Verdict, request_key: str) -> Judgement:
    """Store a judgement; answered after the commit. The same `request_key` again gives the stored one.

    Raises:
        Conflict: The matchup was not shown to this person, they judged it already, or enough others did.
        Forbidden: The person is no reviewer.
    """
    person.must("reviewer")
    return store.write(lambda cursor: _add(cursor, person, token, verdict, request_key, "page"))


def undo(store: Store, made: MatchupSet, person: Person, request_key: str) -> Judgement | None:
    """Take the reviewer's last judgement of a set back, as a new row; None when there is none.

    The matchup comes back to them, with the sides as they were.

    Raises:
        Conflict: It was a skip, and others have taken the matchup since.
    """
    person.must("reviewer")

    def change(cursor: Cursor) -> Judgement | None:
        if stored := _answered(cursor, request_key, person):
            return stored
        last = matchups.last_of(cursor, made.id, person.id, limit=1)
        if not last:
            return None
        if last[0].choice == "skip" and last[0].matchup_id not in matchups.open_for(
            cursor, made.id, person.id, skipped=True
        ):
            raise Conflict("That matchup went to others after you skipped it. Take the next one.")
        taken_back = last[0].model_copy(
            update={
                "id": new_id(),
                "choice": "undo",
                "undoes": last[0].id,
                "strength": None,
                "reasons": (),
                "note": "",
                "seconds": None,
                "source": "page",
                "request_key": request_key,
                "created_at": now(),
            }
        )
        matchups.add_judgement(cursor, taken_back)
        queue.lease(cursor, "matchup", taken_back.matchup_id, person.id)
        return taken_back

    return store.write(change)


def sheet(store: Store, made: MatchupSet, by: Person, person: Person) -> list[SheetRow]:
    """Everything of a set that `person` may still judge, in their own order, as blind rows to fill in elsewhere."""
    if by.id != person.id:
        by.must("lead")
    person.must("reviewer")

    def change(cursor: Cursor) -> list[SheetRow]:
        drawn = sides(made.seed, person.id, matchups.ids(cursor, made.id))
        waiting = set(matchups.open_for(cursor, made.id, person.id))
        by_id = {matchup.id: matchup for matchup in matchups.matchups(cursor, made.id)}
        audit.record(cursor, by.id, "sheet made", made.id, reviewer=person.name)
        return [
            _sheet_row(by_id[matchup], matchups.show(cursor, matchup, made.id, person.id, side))
            for matchup, side in drawn.items()
            if matchup in waiting
        ]

    return store.write(change)


def record(
    store: Store,
    by: Person,
    rows: Iterable[Mapping[str, Any]],
    *,
    source: Literal["file", "example"] = "file",
) -> Recorded:
    """Store the rows of a filled sheet: token, choice, and if wanted strength, reasons, note, seconds.

    A row that is not right is refused with its reason and the others go in; a sheet that was recorded
    already changes nothing.

    Raises:
        Forbidden: `by` is neither a lead nor the reviewer of the sheet.
    """

    def change(cursor: Cursor) -> Recorded:
        added, known, refused = 0, 0, []
        for number, row in enumerate(rows, start=1):
            try:
                added_now = _record_row(cursor, by, row, source)
            except (HoneError, ValidationError) as problem:
                refused.append((number, _reason(problem)))
            else:
                added, known = added + added_now, known + (not added_now)
        audit.record(cursor, by.id, "judgements recorded", source, added=added, refused=len(refused))
        return Recorded(added=added, known=known, refused=tuple(refused))

    rows = list(rows)  # the writer may run a change twice
    return store.write(change)


def _record_row(cursor: Cursor, by: Person, row: Mapping[str, Any], source: Literal["file", "example"]) -> bool:
    """Store one row; False when the same row was stored before."""
    fields = {name: value for name, value in row.items() if name in Verdict.model_fields and value is not None}
    if not row.get("token") or not fields.get("choice"):
        raise InputError("a row needs a token and a choice of left, right, tie, both_bad or skip")
    person = matchups.shown_to(cursor, str(row["token"]))
    if by.id != person.id:
        by.must("lead")
    verdict = Verdict.model_validate(fields)
    key = f"sheet:{sha256(str(row['token']), verdict.model_dump_json())}"
    if matchups.by_request(cursor, key):
        return False
    _add(cursor, person, str(row["token"]), verdict, key, source)
    return True


def _add(
    cursor: Cursor,
    person: Person,
    token: str,
    verdict: Verdict,
    request_key: str,
    source: Literal["page", "file", "example"],
) -> Judgement:
    stored = _answered(cursor, request_key, person)
    if stored and stored.token != token:
        raise Conflict("This request key was used for another matchup. Reload the page.")
    if stored:
        return stored
    shown = matchups.showing(cursor, token, person.id)
    standing = matchups.current_of(cursor, shown.matchup_id)
    if any(given.person_id == person.id for given in standing):
        raise Conflict("You have judged this matchup already. Undo brings it back.")
    enough = matchups.get_set(cursor, shown.set_id).wanted
    if verdict.choice != "skip" and sum(given.choice != "skip" for given in standing) >= enough:
        raise Conflict("Enough reviewers have judged this matchup in the meantime. Take the next one.")
    judgement = Judgement(
        **verdict.model_dump(),
        id=new_id(),
        token=token,
        matchup_id=shown.matchup_id,
        set_id=shown.set_id,
        person_id=person.id,
        left_side=shown.left_side,
        source=source,
        request_key=request_key,
        created_at=now(),
    )
    matchups.add_judgement(cursor, judgement)
    queue.release_subject(cursor, shown.matchup_id, person.id)
    return judgement


def _answered(cursor: Cursor, request_key: str, person: Person) -> Judgement | None:
    """What an earlier try of this request stored."""
    stored = matchups.by_request(cursor, request_key)
    if stored and stored.person_id != person.id:
        raise Conflict("This request key was used by somebody else. Reload the page.")
    return stored


def _sheet_row(matchup: Matchup, shown: Showing) -> SheetRow:
    new_left = shown.left_side == "new"
    return SheetRow(
        token=shown.token,
        instruction=matchup.instruction,
        context=matchup.context,
        left=matchup.new_text if new_left else matchup.old_text,
        right=matchup.old_text if new_left else matchup.new_text,
    )


def _reason(problem: HoneError | ValidationError) -> str:
    if isinstance(problem, HoneError):
        return str(problem)
    first = problem.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
