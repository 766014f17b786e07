"""A lead lets a model learn from what people preferred: blind judgements, or approvals and rejections."""

import threading
from collections.abc import Sequence

from pydantic import ValidationError

from hone.labeling.batches import freezing as frozen
from hone.platform.runs import preferred, run_config
from hone.platform.runs.iterations import FEWEST
from hone.platform.runs.material import kept_rows
from hone.platform.runs.preferred import LEAST, LEAVE, Learnable, Objective
from hone.platform.runs.submitting import Machine, submit
from hone.storage import batches, matchups, models, runs
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, InputError
from hone.storage.matchups import MatchupSet
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.runs import Run
from hone.storage.store import Cursor, Store
from hone.training.config import TrainConfig
from hone.training.folder import Row
from hone.training.presets import PREFERENCE, PREFERENCE_RATE
from hone.training.settings import with_settings

_starting = threading.Lock()  # between the look for such a run and its row nobody else may look


class Preview(Record):
    """What a preference run would use. `problem` is why it cannot begin; `says` what it costs, before the click.

    `train` and `validation` count rows, `good` and `bad` texts. Of the test items of the batch `spent` will no longer
    test, `left` will.
    """

    of: str
    objective: Objective
    parent: int
    parent_name: str
    train: int
    validation: int
    good: int
    bad: int
    spent: int
    left: int
    left_out: dict[str, int]
    warnings: tuple[str, ...]
    problem: str | None
    says: str


class Planned(Record):
    """A preference run that could begin."""

    preview: Preview
    found: Learnable
    batch: Batch
    parent: Model


def from_set(
    store: Store,
    project: Project,
    made: MatchupSet,
    objective: Objective = "dpo",
    parent: Model | None = None,
    leave: int = LEAVE,
) -> Planned:
    """What a run on a judged set would learn, from which model on.

    Args:
        store: Of the project.
        project: Of the set.
        made: The set; it may be unfinished.
        objective: dpo or kto.
        parent: The model that is trained on. None takes the set's new model, since half of the answers are its own
            and that is what preferences teach best; or the old one, when the new one was rejected.
        leave: Test items that must be left; see `preferred.from_matchups`.

    Raises:
        InputError: `leave` is below 0, or the parent is no model of this project.
    """
    if leave < 0:
        raise InputError(f"{leave} test items cannot be left: name 0 or more.")
    with store.read() as cursor:
        batch = batches.get(cursor, made.batch_id)
        new, old = (
            models.get(cursor, models.get_candidate(cursor, candidate).model_id)
            for candidate in (made.new_candidate, made.old_candidate)
        )
        chosen = parent or _parent(cursor, new, old)
        if chosen.project_id != project.id:
            raise InputError(f"{chosen.name} is no model of {project.name}.")
        found = preferred.from_matchups(cursor, project, made, chosen, objective, leave)
        warnings = _warnings(cursor, made, chosen, (new, old), found)
    preview = _preview(f"matchup set {made.number}", objective, chosen, found, warnings)
    return Planned(preview=preview, found=found, batch=batch, parent=chosen)


def from_reviews(store: Store, project: Project, batch: Batch, parent: Model | None = None) -> Planned:
    """What a kto run on approvals and rejections would learn; without a parent from the project's model on.

    Raises:
        InputError: The project has no model yet.
    """
    with store.read() as cursor:
        chosen = parent or models.current(cursor, project.id)
        if chosen is None:
            raise InputError(f"{project.name} has no model yet that opinions could improve: `hone train` makes one.")
        found = preferred.from_reviews(cursor, project, batch, chosen)
    preview = _preview(f"approvals and rejections, batch {batch.number}", "kto", chosen, found)
    return Planned(preview=preview, found=found, batch=batch, parent=chosen)


def start(machine: Machine, project: Project, person: Person, planned: Planned, *, settings: Sequence[str] = ()) -> Run:
    """The planned run, handed to the supervisor; its test items are burnt in the transaction that stores it.

    Args:
        machine: Whose supervisor takes the run.
        project: Of the run.
        person: A lead.
        planned: From `from_set` or `from_reviews`.
        settings: "key=value" for hone.training.config.TrainConfig, as beta=0.3.

    Raises:
        Forbidden: The person is no lead.
        InputError: A setting is unknown or not allowed.
        Conflict: There is too little to learn from, the batch is not what was frozen, or such a run is at work.
        RunError: The disk has too little space left.
    """
    person.must("lead")
    preview = planned.preview
    if preview.problem:
        raise Conflict(preview.problem)
    frozen.verify(machine.store, planned.batch)
    config = _config(machine.store, project, planned, settings)
    with _starting:
        _must_be_alone(machine.store, project, config, preview)
        return submit(
            machine,
            project,
            person,
            "train",
            planned.batch,
            config,
            planned.found.rows,
            planned.parent.id,
            learns_from=planned.found.learnt,
            kept=_kept(machine.store, project, planned),
            facts={"learnt from": preview.of},
        )


def _must_be_alone(store: Store, project: Project, config: TrainConfig, preview: Preview) -> None:
    with store.read() as cursor:
        at_work = [run for run in runs.unfinished(cursor) if run.project_id == project.id]
    twice = next((run.number for run in at_work if run.config.get("run") == config.run), None)
    if twice is not None:
        raise Conflict(f"Run {twice} learns from {preview.of} already: wait for it, or cancel it.")


def is_finished(cursor: Cursor, made: MatchupSet) -> bool:
    """Whether all judgements that a set wants are there."""
    return _missing(cursor, made) <= 0


def _missing(cursor: Cursor, made: MatchupSet) -> int:
    given = sum(each.choice != "skip" for each in matchups.current(cursor, made.id))
    return made.wanted * len(matchups.ids(cursor, made.id)) - given


def _kept(store: Store, project: Project, planned: Planned) -> dict[int, list[Row]]:
    """The test rows of earlier batches, to see what is forgotten; without those that this run learns from."""
    learnt = set(planned.found.learnt)
    found = kept_rows(store, project, planned.batch, planned.parent)
    return {number: [row for row in rows if row.id not in learnt] for number, rows in found.items()}


def _parent(cursor: Cursor, new: Model, old: Model) -> Model:
    decided = [each for each in models.decisions(cursor, new.project_id) if each.model_id == new.id]
    return old if decided and decided[-1].decision == "reject" else new


def _warnings(
    cursor: Cursor, made: MatchupSet, parent: Model, both: tuple[Model, Model], found: Learnable
) -> tuple[str, ...]:
    said: list[str] = []
    missing = _missing(cursor, made)
    if missing > 0:
        said.append(f"{missing:,} judgements of this set are still to come.")
    if parent.id not in {model.id for model in both}:
        said.append(f"{parent.name} gave none of these answers; preferences teach best about one's own.")
    templates = {
        models.get_candidate(cursor, candidate).settings.get("template")
        for candidate in (made.new_candidate, made.old_candidate)
    }
    if len(templates) > 1:
        said.append(f"The two models answered different prompt templates; {parent.name} learns with its own.")
    if found.left < FEWEST:
        said.append(
            f"With {found.left} test items left the new model cannot be compared on this batch: freeze a new one first."
        )
    return tuple(said)


def _preview(of: str, objective: Objective, parent: Model, found: Learnable, warnings: tuple[str, ...] = ()) -> Preview:
    return Preview(
        of=of,
        objective=objective,
        parent=parent.number,
        parent_name=parent.name,
        train=len(found.rows["train"]),
        validation=len(found.rows["validation"]),
        good=found.good,
        bad=found.bad,
        spent=found.spent,
        left=found.left,
        left_out=found.left_out,
        warnings=warnings,
        problem=_problem(of, found),
        says=_price(found) if found.learnt else _free(found),
    )


def _price(found: Learnable) -> str:
    more = f" ({found.spent - found.good:,} more share a group with them)" if found.spent > found.good else ""
    return (
        f"{found.good:,} test items will be learnt from{more}; they no longer test this model or those that follow it: "
        f"{found.left:,} are left."
    )


def _free(found: Learnable) -> str:
    return f"{found.good:,} approved and {found.bad:,} rejected pairs will be learnt from, and no test item."


def _problem(of: str, found: Learnable) -> str | None:
    least = min(found.good, found.bad)
    if least >= LEAST:
        return None
    out = ", ".join(f"{count:,} {reason}" for reason, count in found.left_out.items())
    if found.left_out.get("kept back to test"):
        remedy = "judge more items, or leave fewer of them to test"
    else:
        remedy = "judge more items" if "matchup" in of else "it takes more rejected pairs with a response"
    return (
        f"{of[:1].upper()}{of[1:]} gives {least} to learn from, and {LEAST} are needed"
        f"{f' (left out: {out})' if out else ''}: {remedy}."
    )


_CARRIED = ("task", "labels", "prompt", "template", "method", "lora_r", "lora_alpha", "lora_dropout", "lora_targets",
            "quantize", "learning_rate", "max_length", "too_long", "max_new_tokens")  # fmt: skip


def _config(store: Store, project: Project, planned: Planned, settings: Sequence[str]) -> TrainConfig:
    """The settings that the parent was trained with, a fraction of its rate, and what the lead says."""
    parent, preview = planned.parent, planned.preview
    usual = run_config.train_config(project, parent.base, planned.batch, settings)
    with store.read() as cursor:
        carried = runs.get(cursor, parent.run_id).config if parent.run_id else {}
    known = {name: carried[name] for name in _CARRIED if name in carried}
    if carried.get("objective", "sft") == "sft":
        rate = float(carried.get("learning_rate", usual.learning_rate))
        known["learning_rate"] = float(f"{rate * PREFERENCE_RATE:.6g}")
    told = {"run": f"{parent.name}, {preview.objective} on {preview.of}", "objective": preview.objective}
    try:
        config = TrainConfig.model_validate({**usual.model_dump(), **PREFERENCE, **known, **told})
    except ValidationError as problem:
        reason = problem.errors()[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"{parent.name} cannot learn from {preview.of}: {reason}.") from None
    if parent.folder is not None:
        config = run_config.with_parent(config, parent)
    return with_settings(config, settings)
