"""Models, the candidates that they answer as, and what they answered."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from hone.storage import audit
from hone.storage.errors import NotFound
from hone.storage.people import Person
from hone.storage.records import Record, canonical, new_id, now, sha256
from hone.storage.store import Cursor, insert, one, rows, value


class Model(Record):
    """A base (number 0) or an iteration (1, 2, 3, ...). `folder` holds the adapter; the base has none."""

    id: str
    project_id: str
    number: int
    name: str
    base: str
    base_sha256: str | None
    folder: str | None
    sha256: str | None
    run_id: str | None
    batch_id: str | None
    parent_id: str | None = None  # the model that it was trained on; None: the base
    created_at: datetime


class Candidate(Record):
    """What generates and is compared: a model with its template and sampling settings."""

    id: str
    project_id: str
    model_id: str
    settings: dict[str, Any]
    sha256: str
    created_at: datetime


class Generation(Record):
    """One answer of a candidate to one test item."""

    id: str
    candidate_id: str
    batch_id: str
    pair_id: str
    response: str
    finish: str
    tokens: int
    seconds: float
    run_id: str


class ModelDecision(Record):
    """A lead promoted or rejected a model, and why."""

    id: str
    project_id: str
    model_id: str
    report_id: str | None
    decision: Literal["promote", "reject"]
    reason: str
    person_id: str
    created_at: datetime


def add(
    cursor: Cursor,
    project_id: str,
    *,
    name: str,
    base: str,
    base_sha256: str | None,
    folder: str | None = None,
    sha256: str | None = None,
    run_id: str | None = None,
    batch_id: str | None = None,
    parent_id: str | None = None,
) -> Model:
    """A model of the project; the base takes number 0, an iteration the next free one."""
    number = value(cursor, "select coalesce(max(number), 0) + 1 from model where project_id = ?", [project_id])
    made = Model(
        id=new_id(),
        project_id=project_id,
        number=0 if folder is None else number,
        name=name,
        base=base,
        base_sha256=base_sha256,
        folder=folder,
        sha256=sha256,
        run_id=run_id,
        batch_id=batch_id,
        parent_id=parent_id,
        created_at=now(),
    )
    insert(cursor, "model", made.model_dump())
    return made


def get(cursor: Cursor, model_id: str) -> Model:
    """The model, or NotFound."""
    row = one(cursor, "select * from model where id = ?", [model_id])
    if row is None:
        raise NotFound(f"There is no model {model_id}.")
    return Model.model_validate(row)


def numbered(cursor: Cursor, project_id: str, number: int) -> Model:
    """Model `number` of the project (0 is the base), or NotFound with the numbers that exist."""
    row = one(cursor, "select * from model where project_id = ? and number = ?", [project_id, number])
    if row is None:
        known = ", ".join(str(model.number) for model in listing(cursor, project_id)) or "none yet"
        raise NotFound(f"There is no model {number} in this project. There are: {known}.")
    return Model.model_validate(row)


def listing(cursor: Cursor, project_id: str) -> list[Model]:
    """The models of a project: the base, then the iterations."""
    return [
        Model.model_validate(row)
        for row in rows(cursor, "select * from model where project_id = ? order by number", [project_id])
    ]


def of_run(cursor: Cursor, run_id: str) -> Model | None:
    """The model that a run made."""
    row = one(cursor, "select * from model where run_id = ?", [run_id])
    return Model.model_validate(row) if row else None


def line(cursor: Cursor, model: Model) -> list[Model]:
    """The model and those that it was trained on, the newest first; the base is not among them."""
    found = [model]
    while found[-1].parent_id is not None:
        found.append(get(cursor, found[-1].parent_id))
    return found


def learnt_items(cursor: Cursor, model: Model) -> set[str]:
    """The ids of test items that the model, or one that it was trained on, learnt from by preference."""
    made_by = [each.run_id for each in line(cursor, model) if each.run_id]
    found = rows(cursor, "select pair_id from learnt_item where run_id in (select unnest(?))", [made_by])
    return {row["pair_id"] for row in found}


def decide(cursor: Cursor, made: ModelDecision, by: Person) -> None:
    """Store a promotion or rejection."""
    by.must("lead")
    insert(cursor, "model_decision", made.model_dump())
    audit.record(
        cursor, by.id, f"model {made.decision}d" if made.decision == "promote" else "model rejected", made.model_id
    )


def decisions(cursor: Cursor, project_id: str) -> list[ModelDecision]:
    """All decisions of a project, the oldest first."""
    found = rows(cursor, "select * from model_decision where project_id = ? order by created_at, id", [project_id])
    return [ModelDecision.model_validate(row) for row in found]


def champion(cursor: Cursor, project_id: str) -> Model | None:
    """The model that was promoted last, else the base, else None when there is no model yet."""
    row = one(
        cursor,
        "select m.* from model_decision d join model m on m.id = d.model_id "
        "where d.project_id = ? and d.decision = 'promote' order by d.created_at desc, d.id desc limit 1",
        [project_id],
    ) or one(cursor, "select * from model where project_id = ? and number = 0", [project_id])
    return Model.model_validate(row) if row else None


def current(cursor: Cursor, project_id: str) -> Model | None:
    """What a project works with: the model that was promoted last, else the newest that nobody rejected, else the
    base; None when there is no model yet."""
    last = {decision.model_id: decision.decision for decision in decisions(cursor, project_id)}
    if "promote" in last.values():
        return champion(cursor, project_id)
    known = listing(cursor, project_id)
    return next((model for model in reversed(known) if last.get(model.id) != "reject"), known[0] if known else None)


def previous(cursor: Cursor, model: Model) -> Model | None:
    """What a model is compared with: the newest earlier one that was not rejected, at last the base."""
    earlier = [other for other in listing(cursor, model.project_id) if other.number < model.number]
    last = {decision.model_id: decision.decision for decision in decisions(cursor, model.project_id)}
    standing = [other for other in earlier if last.get(other.id) != "reject"]
    return next(reversed(standing or earlier[:1]), None)


def candidate(cursor: Cursor, project_id: str, model_id: str, settings: dict[str, Any]) -> Candidate:
    """The candidate of this model and these settings; made when it is new."""
    digest = sha256(model_id, canonical(settings))
    row = one(cursor, "select * from candidate where project_id = ? and sha256 = ?", [project_id, digest])
    if row:
        return _candidate(row)
    made = Candidate(
        id=new_id(), project_id=project_id, model_id=model_id, settings=settings, sha256=digest, created_at=now()
    )
    insert(cursor, "candidate", {**made.model_dump(), "settings": canonical(settings)})
    return made


def get_candidate(cursor: Cursor, candidate_id: str) -> Candidate:
    """The candidate, or NotFound."""
    row = one(cursor, "select * from candidate where id = ?", [candidate_id])
    if row is None:
        raise NotFound(f"There is no candidate {candidate_id}.")
    return _candidate(row)


def add_generations(cursor: Cursor, made: Sequence[Generation]) -> None:
    """Store answers; those that the candidate gave to a test item already are left as they are."""
    if not made:
        return
    known = {
        row["pair_id"]
        for row in rows(
            cursor,
            "select pair_id from generation where candidate_id = ? and batch_id = ?",
            [made[0].candidate_id, made[0].batch_id],
        )
    }
    insert(cursor, "generation", *[answer.model_dump() for answer in made if answer.pair_id not in known])


def generations(cursor: Cursor, candidate_id: str, batch_id: str) -> dict[str, Generation]:
    """A candidate's answers to the test split of a batch, by pair id."""
    found = rows(cursor, "select * from generation where candidate_id = ? and batch_id = ?", [candidate_id, batch_id])
    return {row["pair_id"]: Generation.model_validate(row) for row in found}


def answered(cursor: Cursor, model_id: str, batch_id: str) -> Candidate | None:
    """The newest candidate of a model that answered a batch's test split."""
    row = one(
        cursor,
        "select c.* from candidate c where c.model_id = ? "
        "and exists (select 1 from generation g where g.candidate_id = c.id and g.batch_id = ?) "
        "order by c.created_at desc limit 1",
        [model_id, batch_id],
    )
    return _candidate(row) if row else None


def _candidate(row: dict[str, Any]) -> Candidate:
    return Candidate.model_validate({**row, "settings": json.loads(row["settings"])})
