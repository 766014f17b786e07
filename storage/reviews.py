"""What experts said about pairs: reviews, flags, drafts and adjudications. Inserted, never changed."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from hone.storage import tally
from hone.storage.kept import Kept
from hone.storage.line import Line
from hone.storage.memory import Memory
from hone.storage.pairs import Pair
from hone.storage.records import Record, new_id, now
from hone.storage.store import Cursor, among, insert, marks, one, rows, value

Decision: TypeAlias = Literal["approve", "reject", "skip", "undo"]
Field: TypeAlias = Literal["instruction", "context", "response"]
Source: TypeAlias = Literal["page", "file", "example"]
Kind: TypeAlias = Literal["review", "gold", "repeat"]
Answer: TypeAlias = bool | int | str | tuple[str, ...]


class NewFlag(Record):
    """Words that an expert marked: [start, end) in code points of a field.

    They stand in the text that was decided on, or in the one that was seen, when the expert mended them.
    """

    category: str
    severity: int
    field: Field
    start: int
    end: int
    quote: str
    protected_group: str | None = None
    comment: str = ""
    mitigation: str = ""


class Flag(NewFlag):
    """A stored flag."""

    id: str
    review_id: str
    pair_id: str
    person_id: str
    created_at: datetime


class Review(Record):
    """One expert's opinion on one pair in one round; `revision_id` is the text that the decision is about.

    A `kind` other than "review" counts for the quality of work alone, never for the pair. `answers` are to the
    project's own questions; `suggestion_id` names the model's answer that was on the screen.
    """

    id: str
    pair_id: str
    round: int
    person_id: str
    seen_revision: str
    revision_id: str
    decision: Decision
    undoes: str | None = None
    kind: Kind = "review"
    ratings: dict[str, int]
    answers: dict[str, Answer] = {}
    categories: tuple[str, ...] = ()
    edit_reason: str | None = None
    suggestion_id: str | None = None
    note: str = ""
    seconds: float | None = None
    project_version: int
    source: Source
    request_key: str
    created_at: datetime


class Adjudication(Record):
    """A lead's decision where experts differed, and the reviews that were weighed."""

    id: str
    pair_id: str
    round: int
    person_id: str
    reviews: tuple[str, ...]
    decision: Literal["approve", "reject"]
    revision_id: str
    reason: str
    source: Source
    request_key: str
    created_at: datetime


def add_all(cursor: Cursor, said: Sequence[tuple[Review, Sequence[NewFlag]]], noted: tally.Counting) -> list[Flag]:
    """Store reviews with their flags, and note them for their project's tally; gives the stored flags."""
    insert(cursor, "review", *[_columns(review) for review, _ in said])
    stored = [
        Flag.model_validate(
            {
                **flag.model_dump(),
                "id": new_id(),
                "review_id": review.id,
                "pair_id": review.pair_id,
                "person_id": review.person_id,
                "created_at": review.created_at,
            }
        )
        for review, flags in said
        for flag in flags
    ]
    insert(cursor, "flag", *[_flag_columns(flag) for flag in stored])
    for review, _ in said:
        _kept.put(review.id, review)
        noted.counts[(review.person_id, "turns")] += 1
        noted.counts[(review.person_id, "done")] += review.decision != "skip"
        noted.last[review.person_id] = f"{review.id} {noted.last.get(review.person_id, '')}"
    return stored


def add(cursor: Cursor, review: Review, flags: Sequence[NewFlag] = ()) -> list[Flag]:
    """Store a review and its flags; gives the stored flags."""
    project_id = value(cursor, "select project_id from pair where id = ?", [review.pair_id])
    with tally.counting(cursor, project_id) as noted:
        return add_all(cursor, [(review, flags)], noted)


def undo(cursor: Cursor, project_id: str, undone: Review, last: Review) -> None:
    """Store the row that takes back a decision."""
    insert(cursor, "review", _columns(undone))
    tally.take_back(cursor, project_id, last.person_id, last.id, opinion=last.decision != "skip")


def send_back(cursor: Cursor, project_id: str, review: Review, *, by: str, comment: str, request_key: str) -> None:
    """Give an opinion back to its expert, with a comment: it counts no more. `by` is the lead's id."""
    columns = {"id": new_id(), "review_id": review.id, "pair_id": review.pair_id, "expert_id": review.person_id}
    said = {"person_id": by, "comment": comment, "request_key": request_key, "created_at": now()}
    insert(cursor, "sent_back", {**columns, **said})
    tally.take_back(cursor, project_id, review.person_id, review.id, opinion=review.decision != "skip")


def by_requests(cursor: Cursor, request_keys: Sequence[str]) -> dict[str, Review]:
    """The reviews that earlier tries of these requests stored."""
    within, values = among(request_keys)
    found = rows(cursor, f"select * from review where request_key {within}", values)
    return {row["request_key"]: _review(row) for row in found}


def by_request(cursor: Cursor, request_key: str) -> Review | None:
    """The review that an earlier try of the same request stored."""
    return by_requests(cursor, [request_key]).get(request_key)


_kept: Kept[Review] = Kept(20_000)


def kept(review_id: str) -> Review | None:
    """A review that is in memory."""
    return _kept.get([review_id]).get(review_id)


def get(cursor: Cursor, review_id: str) -> Review | None:
    """A review by id."""
    known = kept(review_id)
    row = None if known else one(cursor, "select * from review where id = ?", [review_id])
    if row is None:
        return known
    found = _review(row)
    _kept.put(review_id, found)
    return found


def current(cursor: Cursor, pair_id: str, round: int | None = None) -> list[Review]:
    """What stands (nobody took it back) on a pair, of one round or of all, the oldest first."""
    return [review for review in current_of(cursor, [pair_id])[pair_id] if round is None or review.round == round]


def current_of(cursor: Cursor, pair_ids: Sequence[str]) -> dict[str, list[Review]]:
    """What stands on each of these pairs, of all rounds, the oldest first.

    The view current_review, read by the indexes on the pair: twice as fast as the anti-join.
    """
    within, values = among(pair_ids)
    found = rows(cursor, f"select * from review where pair_id {within} order by created_at, id", values)
    given_back = rows(cursor, f"select review_id from sent_back where pair_id {within}", values) if found else []
    gone = {row["undoes"] for row in found} | {row["review_id"] for row in given_back}
    standing: dict[str, list[Review]] = {pair_id: [] for pair_id in pair_ids}
    for row in found:
        if row["kind"] == "review" and row["decision"] != "undo" and row["id"] not in gone:
            standing[row["pair_id"]].append(_review(row))
    return standing


def comment_of(cursor: Cursor, pair: Pair, person_id: str) -> str | None:
    """What a lead said when they sent this person's opinion of this round back; None when nobody did."""
    found = value(
        cursor,
        "select s.comment from sent_back s join review r on r.id = s.review_id "
        "where s.pair_id = ? and s.expert_id = ? and r.round = ? order by s.created_at desc limit 1",
        [pair.id, person_id, pair.round],
    )
    return None if found is None else str(found)


def given_back(cursor: Cursor, pair_ids: Sequence[str]) -> dict[tuple[str, int], list[str]]:
    """Who got their opinion back and is an expert still, by pair and round, the last one first."""
    if not pair_ids:
        return {}
    within, values = among(pair_ids)
    found = rows(
        cursor,
        "select s.pair_id, s.expert_id, r.round from sent_back s join review r on r.id = s.review_id "
        "join person h on h.id = s.expert_id and h.active and position('\"expert\"' in h.roles) > 0 "
        f"where s.pair_id {within} order by s.created_at desc, s.id desc",
        values,
    )
    experts: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for row in found:
        experts[(row["pair_id"], row["round"])].append(row["expert_id"])
    return experts


def last_of(cursor: Cursor, project_id: str, person_id: str) -> list[Review]:
    """A person's last ten decisions that can be taken back, the newest first."""
    ids = tally.of(cursor, project_id, person_id).last
    if not ids:
        return []
    found = rows(cursor, f"select * from review where id in ({marks(ids)})", list(ids))
    return sorted((_review(row) for row in found), key=lambda review: ids.index(review.id))


def of_project(cursor: Cursor, project_id: str) -> list[Review]:
    """Everything that stands in a project, approvals and rejections, the oldest first."""
    found = rows(
        cursor,
        "select r.* from current_review r join pair p on p.id = r.pair_id "
        "where p.project_id = ? and r.decision <> 'skip' order by r.created_at, r.id",
        [project_id],
    )
    return [_review(row) for row in found]


def flags(cursor: Cursor, pair_ids: Sequence[str]) -> list[Flag]:
    """The flags of reviews that stand, on these pairs."""
    found = rows(
        cursor,
        "select f.* from flag f join current_review r on r.id = f.review_id "
        "where f.pair_id in (select unnest(?)) order by f.created_at, f.id",
        [list(pair_ids)],
    )
    return [_flag(row) for row in found]


def flags_of(cursor: Cursor, review_id: str) -> list[Flag]:
    """The flags of one review, whether it stands or not."""
    found = rows(cursor, "select * from flag where review_id = ? order by created_at, id", [review_id])
    return [_flag(row) for row in found]


def done_by(cursor: Cursor, project_id: str, person_id: str) -> int:
    """How many opinions of this person stand in the project, without skips."""
    return tally.of(cursor, project_id, person_id).done


def waiting_for(cursor: Cursor, project_id: str, person_id: str) -> int:
    """How many pairs want an opinion that this person could give."""
    return tally.of(cursor, project_id, person_id).waiting


def save_draft(
    cursor: Cursor, person_id: str, pair_id: str, body: dict[str, Any], memory: Memory | None = None
) -> None:
    """Keep what somebody is typing; the newest replaces the one before."""
    if memory is not None:
        drafted(cursor, memory, [person_id])[person_id].add(pair_id)
    cursor.execute(
        "insert into draft values (?, ?, ?, ?) on conflict (person_id, pair_id) "
        "do update set body = excluded.body, saved_at = excluded.saved_at",
        [person_id, pair_id, json.dumps(body, ensure_ascii=False), now()],
    )


def draft(cursor: Cursor, person_id: str, pair_id: str) -> dict[str, Any] | None:
    """What this person was typing on this pair."""
    row = one(cursor, "select body from draft where person_id = ? and pair_id = ?", [person_id, pair_id])
    return dict(json.loads(row["body"])) if row else None


def drafted(cursor: Cursor, memory: Memory, persons: Collection[str]) -> dict[str, set[str]]:
    """The pairs on which each of these people has left a draft."""
    drafts = memory.part(Line).drafts
    missing = [person for person in persons if person not in drafts]
    if missing:
        found = rows(cursor, f"select person_id, pair_id from draft where person_id in ({marks(missing)})", missing)
        drafts.update({person: set() for person in missing})
        for row in found:
            drafts[row["person_id"]].add(row["pair_id"])
    return {person: drafts[person] for person in persons}


def drop_drafts(cursor: Cursor, memory: Memory, submitted: Collection[tuple[str, str]]) -> None:
    """Forget the drafts that were submitted: person and pair."""
    drafts = drafted(cursor, memory, {person for person, _ in submitted})
    there = [(person, pair_id) for person, pair_id in submitted if pair_id in drafts[person]]
    if not there:
        return
    for person, pair_id in there:
        drafts[person].discard(pair_id)
    names = [f"{person_id} {pair_id}" for person_id, pair_id in there]
    cursor.execute(f"delete from draft where person_id || ' ' || pair_id in ({marks(names)})", names)


def adjudicate(cursor: Cursor, adjudication: Adjudication) -> None:
    """Store a decision between experts."""
    insert(
        cursor,
        "adjudication",
        {**adjudication.model_dump(), "reviews": json.dumps(list(adjudication.reviews))},
    )


def adjudication_by_request(cursor: Cursor, request_key: str) -> Adjudication | None:
    """The adjudication that an earlier try of the same request stored."""
    row = one(cursor, "select * from adjudication where request_key = ?", [request_key])
    return _adjudication(row) if row else None


def adjudications(cursor: Cursor, project_id: str) -> list[Adjudication]:
    """All adjudications of a project, the oldest first."""
    found = rows(
        cursor,
        "select a.* from adjudication a join pair p on p.id = a.pair_id where p.project_id = ? "
        "order by a.created_at, a.id",
        [project_id],
    )
    return [_adjudication(row) for row in found]


def adjudication_of(cursor: Cursor, pair_id: str, round: int) -> Adjudication | None:
    """The decision that ended this round, if there is one."""
    row = one(
        cursor,
        "select * from adjudication where pair_id = ? and round = ? order by created_at desc, id desc limit 1",
        [pair_id, round],
    )
    return _adjudication(row) if row else None


def _columns(review: Review) -> dict[str, Any]:
    return {
        **review.model_dump(),
        "ratings": json.dumps(review.ratings),
        "answers": json.dumps(review.answers, ensure_ascii=False),
        "categories": json.dumps(list(review.categories), ensure_ascii=False),
    }


def _review(row: dict[str, Any]) -> Review:
    parsed = {name: json.loads(row[name]) for name in ("ratings", "answers")}
    return Review.model_validate({**row, **parsed, "categories": tuple(json.loads(row["categories"]))})


def _adjudication(row: dict[str, Any]) -> Adjudication:
    return Adjudication.model_validate({**row, "reviews": tuple(json.loads(row["reviews"]))})


def _flag(row: dict[str, Any]) -> Flag:
    start, end = row.pop("span_start"), row.pop("span_end")
    return Flag(**row, start=start, end=end)


def _flag_columns(flag: Flag) -> dict[str, Any]:
    columns = flag.model_dump(exclude={"start", "end"})
    return {**columns, "span_start": flag.start, "span_end": flag.end}
