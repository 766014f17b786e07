"""What a finished training leaves: its figures, what it kept of earlier batches, and the files in its folder."""

from hone.evaluation import keeping
from hone.evaluation.inputs import Keeping
from hone.storage import models
from hone.storage.records import Record, Undefined
from hone.storage.runs import Run
from hone.storage.store import Cursor
from hone.training.folder import RunFolder

CARD = "README.md"


class Kept(Record):
    """A test split before and after a training. Scores are 0 to 1, losses in nats per token.

    `own` marks the split of the batch that was learnt; `share` is what was kept of an earlier batch (see
    hone.evaluation.keeping), None where that cannot be said.
    """

    batch: int
    own: bool
    items: int
    score_before: float
    score_after: float
    loss_before: float | None
    loss_after: float | None
    share: float | None


class Left(Record):
    """What a run left behind. `measure` names the scores of `kept`; `plain` is the loss on generic English before and
    after, None where it was not measured; `folder` lies in the workspace; `card` is Markdown."""

    kept: tuple[Kept, ...] = ()
    measure: str = ""
    plain: tuple[float, float] | None = None
    folder: str = ""
    model_folder: str = ""
    card: str = ""
    result_text: str = ""


def left(cursor: Cursor, run: Run, folder: RunFolder) -> Left:
    """What lies in the folder of a run, and what its result says of forgetting."""
    model = models.of_run(cursor, run.id)
    found = keeping.of_model(cursor, model) if model else None
    plain = None if found is None or isinstance(found.plain, Undefined) else (found.plain.before, found.plain.after)
    return Left(
        kept=_kept(run, found) if found else (),
        measure=keeping.MEASURES[found.measure] if found else "",
        plain=plain,
        folder=str(folder.path),
        model_folder=str(folder.model) if folder.model.is_dir() else "",
        card=_text(folder, f"model/{CARD}"),
        result_text=_text(folder, folder.result_file.name),
    )


def _kept(run: Run, found: Keeping) -> tuple[Kept, ...]:
    losses = {split["batch"]: split for split in (run.result or {})["forgetting"]["splits"]}
    return tuple(
        Kept(
            batch=each.batch,
            own=each.own,
            items=each.items,
            score_before=each.before,
            score_after=each.after,
            loss_before=losses[each.batch].get("loss_before"),
            loss_after=losses[each.batch].get("loss_after"),
            share=None if isinstance(share := keeping.share(each), Undefined) else share,
        )
        for each in found.batches
    )


def _text(folder: RunFolder, name: str) -> str:
    """A text file of a run folder; empty when it is not there."""
    try:
        return (folder.path / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
