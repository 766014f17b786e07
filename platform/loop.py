"""Where an iteration stands on its way round the loop, and what is next."""

import shlex

from hone.storage import batches, matchups, models, pairs, reports, runs
from hone.storage.models import Model
from hone.storage.pairs import State
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Cursor


class Judging(Record):
    """A matchup set: `judged` of `wanted` judgements are there."""

    number: int
    judged: int
    wanted: int


class Iteration(Record):
    """What there is of models: the newest, the one it is held against, the runs at work, the last report."""

    running: tuple[int, ...] = ()
    newest: int | None = None
    name: str = ""
    batch: int | None = None  # that the newest model learnt from
    champion: int | None = None
    unanswered: tuple[int, ...] = ()  # models that have not answered the newest model's test split
    report: int | None = None
    verdict: str = ""
    decided: bool = False  # the newest model was promoted or rejected


class Step(Record):
    """One thing to do: a sentence, and the command that does it or shows how."""

    says: str
    command: str


class Standing(Record):
    """A project on its way round the loop."""

    project: str
    pairs: dict[State, int]
    batch: int | None
    iteration: Iteration | None
    judging: Judging | None
    next: Step | None

    def without_models(self) -> "Standing":
        """The same for people who judge blind or label: nothing about models, runs and reports."""
        return self.model_copy(update={"iteration": None, "judging": None, "next": None})


def standing(cursor: Cursor, project: Project) -> Standing:
    """Read where a project stands."""
    found = Standing(
        project=project.name,
        pairs=pairs.counts(cursor, project.id),
        batch=max((batch.number for batch in batches.listing(cursor, project.id)), default=None),
        iteration=_iteration(cursor, project),
        judging=_judging(cursor, project),
        next=None,
    )
    return found.model_copy(update={"next": next_step(found)})


def rivals(cursor: Cursor, project: Project) -> tuple[Model, Model] | None:
    """The newest iteration, and what it is held against: the newest earlier model that was not rejected."""
    known = models.listing(cursor, project.id)
    earlier = models.previous(cursor, known[-1]) if known else None
    return (known[-1], earlier) if earlier else None


def next_step(found: Standing) -> Step:
    """The one thing that brings this project on."""
    iteration = found.iteration or Iteration()
    project = f"--project {shlex.quote(found.project)}"
    if not sum(found.pairs.values()):
        return Step(says="Import a file of pairs.", command=f"hone import FILE {project}")
    if iteration.running:
        number = iteration.running[0]
        return Step(says=f"Run {number} is at work.", command=f"hone runs show {number}")
    if found.pairs["disputed"]:
        return Step(
            says=f"Experts differ on {_pairs(found.pairs['disputed'])}: a lead decides on the page Adjudicate.",
            command="hone serve",
        )
    if found.pairs["agreed"]:
        return Step(
            says=f"Experts agree on {_pairs(found.pairs['agreed'])}: a lead signs off on the page Adjudicate.",
            command="hone serve",
        )
    if found.batch is None:
        return _towards_a_batch(found, project)
    return _with_a_batch(found, iteration, project)


def _towards_a_batch(found: Standing, project: str) -> Step:
    if found.pairs["open"]:
        return Step(says=f"For experts on the page Review: {_pairs(found.pairs['open'])}.", command="hone serve")
    if found.pairs["approved"]:
        return Step(
            says=f"Freeze a batch: {_pairs(found.pairs['approved'])} approved.",
            command=f"hone batch freeze {project}",
        )
    return Step(says="No pair is approved: import more.", command=f"hone import FILE {project}")


def _with_a_batch(found: Standing, iteration: Iteration, project: str) -> Step:
    if iteration.batch is None or iteration.batch < (found.batch or 0):
        return Step(says=f"Train on batch {found.batch}.", command=f"hone train {project} --batch {found.batch}")
    if iteration.unanswered:
        numbers = ",".join(str(number) for number in iteration.unanswered)
        return Step(
            says=f"Let the models answer the test split of batch {iteration.batch}: {numbers} has not yet.",
            command=f"hone generate {project} --batch {iteration.batch} --models {numbers}",
        )
    if iteration.report is not None and iteration.decided:
        return _after_the_decision(found, project)
    if iteration.report is not None:
        unsure = iteration.verdict == "cannot tell yet"
        if unsure and found.judging and (missing := found.judging.wanted - found.judging.judged) > 0:
            return Step(
                says=f"Report {iteration.report} cannot tell yet. For reviewers on the page Judge: {missing} more.",
                command="hone serve",
            )
        return Step(
            says=f"Report {iteration.report} says {iteration.verdict}: promote or reject {iteration.name}, "
            "and send what it shows back to the experts.",
            command=f"hone queue send {project} --report {iteration.report} --disagreements",
        )
    if found.judging is None:
        return Step(says="Make matchups for the reviewers.", command=f"hone matchups make {project}")
    if found.judging.judged < found.judging.wanted:
        missing = found.judging.wanted - found.judging.judged
        return Step(says=f"For reviewers on the page Judge: {missing} judgements to give.", command="hone serve")
    return Step(says="All judgements are there: make the report.", command=f"hone report make {project}")


def _after_the_decision(found: Standing, project: str) -> Step:
    if found.pairs["open"]:
        return Step(says=f"For experts on the page Review: {_pairs(found.pairs['open'])}.", command="hone serve")
    return Step(says="Freeze the next batch, or import more pairs first.", command=f"hone batch freeze {project}")


def _iteration(cursor: Cursor, project: Project) -> Iteration:
    unfinished = [run for run in runs.unfinished(cursor) if run.project_id == project.id]
    at_work = tuple(run.number for run in unfinished if run.kind != "suggest")  # nobody waits for suggestions
    two = rivals(cursor, project)
    if two is None:
        return Iteration(running=at_work)
    newest, rival = two
    batch = batches.get(cursor, newest.batch_id) if newest.batch_id else None
    champion = models.champion(cursor, project.id)
    made = [report for report in reports.listing(cursor, project.id) if report.new_model == newest.id]
    return Iteration(
        running=at_work,
        newest=newest.number,
        name=newest.name,
        batch=batch.number if batch else None,
        champion=champion.number if champion else None,
        unanswered=tuple(
            model.number for model in (rival, newest) if batch and not models.answered(cursor, model.id, batch.id)
        ),
        report=made[-1].number if made else None,
        verdict=made[-1].verdict if made else "",
        decided=any(decision.model_id == newest.id for decision in models.decisions(cursor, project.id)),
    )


def _judging(cursor: Cursor, project: Project) -> Judging | None:
    """The newest model's last set."""
    two = rivals(cursor, project)
    for made in reversed(matchups.sets(cursor, project.id)):
        if two and models.get_candidate(cursor, made.new_candidate).model_id == two[0].id:
            judged = sum(given.choice != "skip" for given in matchups.current(cursor, made.id))
            return Judging(number=made.number, judged=judged, wanted=made.wanted * len(matchups.ids(cursor, made.id)))
    return None


def _pairs(count: int) -> str:
    return f"{count:,} pair" + ("" if count == 1 else "s")
