"""Searches: start one, see its trials, train with what won."""

from fastapi import APIRouter
from pydantic import Field

from hone.platform.api.caller import Lead, Of, Open
from hone.platform.runs import searching
from hone.platform.runs.searched import trials_of
from hone.platform.runs.searching import Sampler
from hone.storage import batches, projects, runs
from hone.storage.records import Record
from hone.storage.runs import Run
from hone.training.search import Trial

router = APIRouter(tags=["runs"])


class Search(Record):
    """Search for good settings on the train split of a batch.

    `space` are ranges as learning_rate=1e-5..1e-3 or lora_r=4,8,16, put on those of a `preset` if one is named.
    """

    batch: int
    preset: str | None = None
    space: tuple[str, ...] = ()
    base: str | None = None
    trials: int = Field(default=12, ge=1, le=10_000)
    folds: int = Field(default=3, ge=2, le=20)
    sampler: Sampler = "bayesian"
    prune: bool = True
    seed: int = Field(default=0, ge=0, lt=2**32)
    settings: tuple[str, ...] = ()


@router.post("/projects/{name}/runs/search")
def start_search(opened: Open, who: Lead, project: Of, body: Search) -> Run:
    """Start a search, or put it behind the run that is at work."""
    with opened.store.read() as cursor:
        batch = batches.numbered(cursor, project.id, body.batch)
    return searching.start_search(
        opened,
        project,
        who,
        batch,
        space=searching.chosen_space(body.preset, body.space),
        **body.model_dump(include={"base", "trials", "folds", "sampler", "prune", "seed", "settings"}),
    )


@router.get("/runs/{number}/trials")
def trials(opened: Open, _: Lead, number: int) -> list[Trial]:
    """The trials of a search that have ended so far; none of another run."""
    with opened.store.read() as cursor:
        run = runs.numbered(cursor, number)
    return trials_of(opened.store, run)


@router.post("/runs/{number}/winner")
def train_winner(opened: Open, who: Lead, number: int) -> Run:
    """Start a training run on the batch of a search, with the settings that won it."""
    with opened.store.read() as cursor:
        run = runs.numbered(cursor, number)
        project = projects.get(cursor, run.project_id)
    return searching.train_winner(opened, project, who, run)
