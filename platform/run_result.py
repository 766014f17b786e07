"""What a finished training leaves: its figures, what it kept of earlier batches, and the files in its folder."""

from collections.abc import Mapping
from typing import Any

from hone.platform.chain import kept_shares, learnt_scores
from hone.storage import runs
from hone.storage.records import Record
from hone.storage.runs import Run
from hone.storage.store import Cursor
from hone.training.folder import RunFolder

CARD = "README.md"


class Kept(Record):
    """A test split before and after a training. Scores are 0 to 1, losses in nats per token.

    `own` marks the split of the batch that was learnt; `share` is how much of what the run that learnt an earlier
    batch could is still there, None where no such run was measured.
    """

    batch: int
    own: bool
    items: int
    score_before: float | None
    score_after: float | None
    loss_before: float | None
    loss_after: float | None
    share: float | None


class Left(Record):
    """What a run left behind. `measure` names the scores of `kept`; `plain` is the loss on generic English before and
    after, None where it was not measured; `folder` lies in the workspace; `card` is Markdown."""

    kept: tuple[Kept, ...] = ()
    measure: str = "ROUGE-L"
    plain: tuple[float, float] | None = None
    folder: str = ""
    model_folder: str = ""
    card: str = ""
    result_text: str = ""


def left(cursor: Cursor, run: Run, folder: RunFolder) -> Left:
    """What lies in the folder of a run, and what its result says of forgetting."""
    forgetting: Mapping[str, Any] = (run.result or {}).get("forgetting") or {}
    generic = forgetting.get("generic") or {}
    measured = "loss_before" in generic and "loss_after" in generic
    return Left(
        kept=_kept(cursor, run, forgetting),
        measure="Accuracy" if forgetting.get("measure") == "accuracy" else "ROUGE-L",
        plain=(float(generic["loss_before"]), float(generic["loss_after"])) if measured else None,
        folder=str(folder.path),
        model_folder=str(folder.model) if folder.model.is_dir() else "",
        card=_text(folder, f"model/{CARD}"),
        result_text=_text(folder, folder.result_file.name),
    )


def _kept(cursor: Cursor, run: Run, forgetting: Mapping[str, Any]) -> tuple[Kept, ...]:
    if not forgetting.get("splits"):
        return ()
    result = run.result or {}
    earlier = [each.result or {} for each in reversed(runs.listing(cursor, run.project_id)) if each.number < run.number]
    shares = kept_shares(result, learnt_scores([each for each in earlier if each.get("forgetting")]))
    own = (result.get("batch") or {}).get("number")
    return tuple(
        Kept(
            batch=split["batch"],
            own=split["batch"] == own,
            items=split["items"],
            score_before=split.get("rouge_before", split.get("accuracy_before")),
            score_after=split.get("rouge_after", split.get("accuracy_after")),
            loss_before=split.get("loss_before"),
            loss_after=split.get("loss_after"),
            share=shares.get(split["batch"]),
        )
        for split in forgetting["splits"]
    )


def _text(folder: RunFolder, name: str) -> str:
    """A text file of a run folder; empty when it is not there."""
    try:
        return (folder.path / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
