"""What Home shows: the stops of the loop with their numbers, what waits for this person, the trend."""

import json
import re
from typing import Literal, TypeAlias

from hone.evaluation.inputs import TrendPoint
from hone.platform import loop
from hone.storage import batches, deciding, flags, matchups, people, reports, reviews, runs, seats
from hone.storage.matchups import MatchupSet
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Cursor, Store

Stop: TypeAlias = Literal["pairs", "reviewed", "approved", "batch", "model", "judged", "report", "queue"]
STOPS: tuple[Stop, ...] = ("pairs", "reviewed", "approved", "batch", "model", "judged", "report", "queue")


class Station(Record):
    """One stop of the loop: its figure, what stands under it, and how far it is (done, total) where that says much."""

    stop: Stop
    name: str
    figure: str
    under: str
    state: Literal["done", "here", "past", "wait"]
    part: tuple[int, int] | None = None


class Todo(Record):
    """Something that waits for this person: who they are in it, a sentence, and the page with its button.

    `inside` is what is to be open on that page.
    """

    role: str
    says: str
    more: str
    page: str
    label: str
    inside: str = ""


class Overview(Record):
    """Home in one record. `iteration` is the one under way; `trend` is empty for whom it could bias."""

    iteration: int
    stations: tuple[Station, ...]
    todo: tuple[Todo, ...]
    trend: tuple[TrendPoint, ...]
    example_data: bool


# By the command that a step names: the stop where the loop stands, the page that goes on, and its button.
_WAYS: dict[str, tuple[Stop, str, str]] = {
    "import": ("pairs", "pairs", "Import pairs"),
    "Review": ("reviewed", "pairs", "See the pairs"),
    "Adjudicate": ("reviewed", "adjudicate", "Decide between experts"),
    "batch": ("batch", "batches", "Freeze a batch"),
    "train": ("model", "training", "Train a model"),
    "runs": ("model", "training", "Watch the run"),
    "generate": ("model", "training", "Generate answers"),
    "matchups": ("judged", "training", "Make matchups"),
    "Judge": ("judged", "training", "See the models"),
    "report": ("report", "reports", "Make the report"),
    "queue": ("queue", "reports", "Read the report"),
}


def overview(store: Store, project: Project, person: Person) -> Overview:
    """Where the project stands, and what is next for this person in each of their roles."""
    with store.read() as cursor:
        found = loop.standing(cursor, project)
        way = _way(found.next)
        told = reports.listing(cursor, project.id)
        point = json.loads(told[-1].document)["trend"] if told and _may_see_models(person) else []
        return Overview(
            iteration=_iteration(found),
            stations=_stations(cursor, project, found, way[0], _may_see_models(person)),
            todo=_todo(cursor, project, person, found, way),
            trend=tuple(TrendPoint.model_validate(each) for each in point),
            example_data=any(each.example for each in people.everyone(cursor)),
        )


def set_to_judge(cursor: Cursor, project: Project, person: Person) -> MatchupSet | None:
    """The newest matchup set that holds something for this reviewer, else the newest one, else None."""
    made = list(reversed(matchups.sets(cursor, project.id)))
    waiting = (each for each in made if matchups.open_for(cursor, each.id, person.id))
    return next(waiting, made[0] if made else None)


def _may_see_models(person: Person) -> bool:
    """A reviewer who is no lead learns nothing of models: they judge blind."""
    return person.has("lead") or not person.has("reviewer")


def _iteration(found: loop.Standing) -> int:
    """The iteration under way: the newest model's until its report is there and a newer batch waits."""
    newest = (found.iteration.newest if found.iteration else None) or 0
    at_work = found.iteration is not None and bool(found.iteration.running)
    fresh = found.iteration is not None and (found.iteration.batch or 0) < (found.batch or 0)
    return newest + 1 if newest == 0 or (fresh and at_work) or fresh else newest


def _way(step: loop.Step | None) -> tuple[Stop, str, str]:
    if step is None:
        return _WAYS["import"]
    page = re.search(r"on the page (\w+)", step.says)
    verb = page[1] if page else step.command.split()[1]
    return _WAYS[verb]


def _stations(cursor: Cursor, project: Project, found: loop.Standing, here: Stop, tell: bool) -> tuple[Station, ...]:
    total = sum(found.pairs.values())
    decided = found.pairs["approved"] + found.pairs["rejected"]
    back = seats.sent_back(cursor, project.id)
    said: dict[Stop, tuple[str, str, str, tuple[int, int] | None]] = {
        "pairs": (
            "Pairs",
            f"{total:,}",
            f"{found.pairs['open']:,} still open" if total else "nothing imported yet",
            None,
        ),
        "reviewed": ("Reviewed", f"{decided:,}", _reviewed(found), (decided, total) if total else None),
        "approved": ("Approved", f"{found.pairs['approved']:,}", f"{found.pairs['rejected']:,} rejected", None),
        "batch": ("Batch", *_batch(cursor, project), None),
        "model": ("Model", *_model(cursor, found), None),
        "judged": ("Judged blind", *_judged(found)),
        "report": ("Report", *_report(found, tell), None),
        "queue": (
            "Next queue",
            f"{back:,}" if back else "–",
            "sent back to the experts" if back else "nothing sent back",
            None,
        ),
    }
    place = STOPS.index(here)
    return tuple(
        Station(stop=stop, name=name, figure=figure, under=under, part=part, state=_state(index, place, figure))
        for index, (stop, (name, figure, under, part)) in enumerate(said.items())
    )


def _state(index: int, here: int, figure: str) -> Literal["done", "here", "past", "wait"]:
    if index == here:
        return "here"
    if figure in ("–", "0"):
        return "wait"
    return "done" if index < here else "past"


def _reviewed(found: loop.Standing) -> str:
    disputed = found.pairs["disputed"]
    return f"{disputed:,} disputed" if disputed else f"of {sum(found.pairs.values()):,}"


def _batch(cursor: Cursor, project: Project) -> tuple[str, str]:
    made = batches.listing(cursor, project.id)
    if not made:
        return "–", "none frozen yet"
    return f"No. {made[-1].number}", f"{sum(made[-1].counts.values()):,} pairs, {made[-1].sha256[:8]}"


def _model(cursor: Cursor, found: loop.Standing) -> tuple[str, str]:
    iteration = found.iteration
    if iteration and iteration.running:
        run = runs.numbered(cursor, iteration.running[0])
        return f"Run {run.number}", "waits" if run.status == "waiting" else "at work"
    if iteration is None or iteration.newest is None:
        return "–", "nothing trained yet"
    return f"No. {iteration.newest}", f"from batch {iteration.batch}" if iteration.batch else "the base"


def _judged(found: loop.Standing) -> tuple[str, str, tuple[int, int] | None]:
    if found.judging is None:
        return "–", "no matchups yet", None
    judged, wanted = found.judging.judged, found.judging.wanted
    return f"{judged:,}", f"of {wanted:,} judgements", (judged, wanted)


def _report(found: loop.Standing, tell: bool) -> tuple[str, str]:
    iteration = found.iteration
    if iteration is None or iteration.report is None:
        return "–", "not made yet"
    return f"No. {iteration.report}", iteration.verdict if tell else "with the lead"


def _todo(
    cursor: Cursor, project: Project, person: Person, found: loop.Standing, way: tuple[Stop, str, str]
) -> tuple[Todo, ...]:
    todo = []
    if person.has("lead") and found.next:
        todo.append(Todo(role="As lead", says=found.next.says, more="", page=way[1], label=way[2]))
    if person.has("lead") and (open_flags := flags.open_counts(cursor, project.id).total()):
        todo.append(_for_flags(open_flags))
    if person.has("expert"):
        todo.append(_for_expert(cursor, project, person))
    if person.has("reviewer"):
        todo.append(_for_reviewer(cursor, project, person))
    return tuple(todo)


def _for_flags(open_flags: int) -> Todo:
    says = "1 flag is open." if open_flags == 1 else f"{open_flags:,} flags are open."
    more = "Say what became of the words: mended, may stay, or no flag."
    return Todo(role="As lead", says=says, more=more, page="adjudicate", label="Resolve flags", inside="flags")


def _for_expert(cursor: Cursor, project: Project, person: Person) -> Todo:
    waiting = reviews.waiting_for(cursor, project.id, person.id)
    done = reviews.done_by(cursor, project.id, person.id)
    says = (
        f"{waiting:,} {'pair waits' if waiting == 1 else 'pairs wait'} for your opinion."
        if waiting
        else "No pair waits."
    )
    again = deciding.to_do_again(cursor, project.id, person.id)
    more = f"{done:,} done so far" + (f", {again:,} sent back to you with a comment" if again else "")
    return Todo(role="As expert", says=says, more=more, page="review", label="Review pairs")


def _for_reviewer(cursor: Cursor, project: Project, person: Person) -> Todo:
    made = set_to_judge(cursor, project, person)
    waiting = len(matchups.open_for(cursor, made.id, person.id)) if made else 0
    done = matchups.given_by(cursor, made.id, person.id) if made else 0
    many = "matchup waits" if waiting == 1 else "matchups wait"
    says = f"{waiting:,} {many} for your judgement." if waiting else "No matchup waits."
    return Todo(role="As reviewer", says=says, more=f"{done:,} done so far", page="judge", label="Judge blind")
