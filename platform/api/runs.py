"""Runs: start, watch, cancel, resume."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from pydantic import Field

from hone.labeling import suggesting
from hone.platform.api.caller import Lead, Of, Open
from hone.platform.run_view import RunView, run_view
from hone.platform.runs import iterations, suggestion
from hone.platform.runtime import Runtime
from hone.platform.waiting import Place, places
from hone.storage import batches, models, projects, runs, suggestions
from hone.storage.models import Model
from hone.storage.records import Record
from hone.storage.runs import Run, RunEvent
from hone.training.folder import RunFolder

router = APIRouter(tags=["runs"])
TAIL = 65_536  # bytes of a log that are read at most


class Train(Record):
    """Train on a frozen batch. `parent` is the number of the model whose adapter is trained on."""

    batch: int
    base: str | None = None
    parent: int | None = None
    settings: tuple[str, ...] = ()


class Generate(Record):
    """Let models answer the test split of a batch."""

    batch: int
    models: tuple[int, ...]
    settings: tuple[str, ...] = ()


class Suggest(Record):
    """Let a model suggest answers to open pairs. See hone.platform.runs.suggestion for what is left out."""

    model: int | None = None
    base: str | None = None
    limit: int = Field(default=suggesting.AT_MOST, ge=1, le=1_000_000)
    read: bool | None = None
    settings: tuple[str, ...] = ()


class QueuedRun(Run):
    """A run with its place in the queue; None once it has ended."""

    queue: Place | None


class Suggestible(Record):
    """The model that would suggest (None: the project has none yet), what waits for it, how its answers fared."""

    model: Model | None
    waiting: suggesting.Waiting
    taken: suggesting.Taken


@router.post("/projects/{name}/runs/train")
def start_training(opened: Open, who: Lead, project: Of, body: Train) -> Run:
    """Start a training run, or put it behind the one that is at work."""
    with opened.store.read() as cursor:
        batch = batches.numbered(cursor, project.id, body.batch)
        parent = models.numbered(cursor, project.id, body.parent) if body.parent is not None else None
    return iterations.start_training(opened, project, who, batch, base=body.base, parent=parent, settings=body.settings)


@router.post("/projects/{name}/runs/generate")
def start_generation(opened: Open, who: Lead, project: Of, body: Generate) -> list[Run]:
    """Start a run for each model; their answers are stored when it is done."""
    with opened.store.read() as cursor:
        batch = batches.numbered(cursor, project.id, body.batch)
        answering = [models.numbered(cursor, project.id, number) for number in dict.fromkeys(body.models)]
    return [
        iterations.start_generation(opened, project, who, batch, model, settings=body.settings) for model in answering
    ]


@router.post("/projects/{name}/runs/suggest")
def start_suggestion(opened: Open, who: Lead, project: Of, body: Suggest) -> Run:
    """Start a run in which a model answers open pairs without a response, and reads the others if that is wanted."""
    with opened.store.read() as cursor:
        model = models.numbered(cursor, project.id, body.model) if body.model is not None else None
    return suggestion.start_suggestion(
        opened, project, who, model, base=body.base, limit=body.limit, read=body.read, settings=body.settings
    )


@router.get("/projects/{name}/suggestions")
def suggestible(opened: Open, _: Lead, project: Of, model: int | None = None) -> Suggestible:
    """How many open pairs a model could still be asked, and how its answers fared with the experts."""
    with opened.store.read() as cursor:
        chosen = models.current(cursor, project.id) if model is None else models.numbered(cursor, project.id, model)
        uses = suggestions.uses_of_model(cursor, chosen.id) if chosen else []
        left = suggesting.waiting(cursor, project, chosen)
    return Suggestible(model=chosen, waiting=left, taken=suggesting.taken(uses))


@router.get("/runs")
def list_runs(opened: Open, _: Lead, project: str | None = None) -> list[QueuedRun]:
    """The runs of a project or of the workspace, the newest first."""
    with opened.store.read() as cursor:
        chosen = projects.named(cursor, project).id if project is not None else None
        queue = places(runs.unfinished(cursor))
        return [_queued(run, queue) for run in runs.listing(cursor, chosen)]


@router.get("/runs/{number}")
def get_run(opened: Open, _: Lead, number: int) -> QueuedRun:
    """One run."""
    with opened.store.read() as cursor:
        return _queued(runs.numbered(cursor, number), places(runs.unfinished(cursor)))


def _queued(run: Run, queue: dict[int, Place]) -> QueuedRun:
    return QueuedRun.model_validate({**run.model_dump(), "queue": queue.get(run.number)})


@router.get("/runs/{number}/view")
def view(opened: Open, _: Lead, number: int) -> RunView:
    """One run as its page shows it: where it stands, losses and what they say, samples, plan, result."""
    return run_view(opened.store, number)


@router.get("/runs/{number}/events")
def events(opened: Open, _: Lead, number: int, after: int = -1) -> list[RunEvent]:
    """What a run said of itself, events after `after`."""
    run = _run(opened, number)
    with opened.store.read() as cursor:
        return runs.events(cursor, run.id, after=after)


@router.post("/runs/{number}/cancel")
def cancel(opened: Open, who: Lead, number: int) -> Run:
    """Ask a run to save and stop."""
    return iterations.cancel(opened, who, _run(opened, number))


@router.post("/runs/{number}/resume")
def resume(opened: Open, who: Lead, number: int) -> Run:
    """Go on from what a failed or cancelled run saved."""
    return iterations.resume(opened, who, _run(opened, number))


@router.get("/runs/{number}/log", response_class=PlainTextResponse)
def log(opened: Open, _: Lead, number: int, lines: int = 50) -> str:
    """The last lines that a run printed."""
    file = RunFolder(opened.workspace.run_folder(_run(opened, number).number)).log_file
    if not file.exists():
        return ""
    with file.open("rb") as text:
        text.seek(max(0, file.stat().st_size - TAIL))
        tail = text.read().decode("utf-8", "replace")
    return "\n".join(tail.splitlines()[-lines:]) + "\n"


def _run(opened: Runtime, number: int) -> Run:
    with opened.store.read() as cursor:
        return runs.numbered(cursor, number)
