"""What a report is made of. The platform gathers it from the store; nothing here reads anything."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from hone.storage.records import Record, Undefined

Side = Literal["new", "old"]
Choice = Literal["new", "old", "tie", "both_bad"]
Finish = Literal["stop", "length"]

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class TestItem(Record):
    """One item of the frozen test split with both models' answers.

    `number` is what people see; `group` is the document or author that items share; `metadata` gives the
    slices. `new_finish` and `old_finish` are "length" when the model was cut off before its end token.
    """

    __test__: ClassVar[bool] = False  # pytest: not a test

    id: str
    number: int
    instruction: str
    context: str = ""
    reference: str
    group: str | None = None
    metadata: dict[str, str] = {}
    new: str
    old: str
    new_finish: Finish = "stop"
    old_finish: Finish = "stop"


class Vote(Record):
    """One reviewer's blind judgement of one item, told in models: which one stood left, which one was chosen.

    `strength`: 1 slightly, 2 clearly, 3 by far; `example` marks a recorded opinion of the example data.
    """

    item: str
    rater: str
    left: Side
    choice: Choice
    strength: Annotated[int, Field(ge=1, le=3)] | None = None
    reasons: tuple[str, ...] = ()
    note: str = ""
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    example: bool = False


class ModelFacts(Record):
    """Where a model comes from. `iteration` 0 is the untuned base."""

    iteration: Count
    name: str
    base: str
    sha256: str
    run: str | None = None
    batch: str | None = None
    generation: dict[str, str | int | float | bool | None] = {}


class BatchFacts(Record):
    """The frozen batch that the new model learnt from: sizes, approvals, and what was left out and why."""

    name: str
    number: Count
    sha256: str
    splits: dict[str, int]
    left_out: dict[str, int] = {}
    approved: Count
    edited: Count = 0
    experts: Count = 0
    frozen_at: datetime | None = None
    expert_alpha: Annotated[float, Field(le=1, allow_inf_nan=False)] | None = None


class KeptBatch(Record):
    """The test items of a batch: the mean score on them of the model that learnt it, before the run, and after it.

    `own` marks the batch that the run itself learnt from. `learnt` is None where the model that learnt the batch was
    not asked the same items.
    """

    batch: Count
    own: bool = False
    items: Count
    learnt_by: str | None = None
    learnt: Share | None = None
    before: Share
    after: Share


class PlainReading(Record):
    """The loss on a text of plain English before and after a run, in nats a token."""

    tokens: Count
    before: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    after: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Keeping(Record):
    """What the new model's run kept of earlier batches. `rehearsed` counts the pairs that it learnt again, by batch;
    `generic` the rows of no project."""

    measure: Literal["rouge", "accuracy"]
    batches: tuple[KeptBatch, ...]
    plain: PlainReading | Undefined
    rehearsed: dict[str, int] = {}
    generic: Count = 0


class TrendPoint(Record):
    """One iteration in the chain: how much data it had and how it did against the one before.

    `win_rate`, `low` and `high` are shares of decisive votes, None where nobody judged; `metrics` are means
    on the test split.
    """

    iteration: Count
    name: str
    pairs: Count
    decisive: Count = 0
    win_rate: Share | None = None
    low: Share | None = None
    high: Share | None = None
    metrics: dict[str, float] = {}
    verdict: str | None = None


class Guard(Record):
    """The new model may not be worse in this metric by more than the margin (on the metric's scale, 0..1)."""

    metric: str
    margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.02


class Threshold(Record):
    """The new model's mean must be at least this; held against the interval, not the point."""

    metric: str
    at_least: Share


class Gate(Record):
    """What the project declares before anyone looks: when is a model better.

    `win_rate_margin` is how far over one half the lower bound of the win rate must lie; fewer than
    `min_decisive` votes decide nothing.
    """

    level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    win_rate_margin: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    min_decisive: Annotated[int, Field(ge=1)] = 20
    guards: tuple[Guard, ...] = (Guard(metric="rougeL"), Guard(metric="token_f1"))
    thresholds: tuple[Threshold, ...] = ()


class ReportInputs(Record):
    """Everything a report is computed from: the same inputs give the same report, byte for byte.

    `trend` holds the iterations before this one; `set_aside` counts test items that are not in `items`, by
    reason; `wanted` is how many judgements the set asks for (0 without a set); `versions` are the libraries'
    versions; `example_data` marks opinions recorded for the demo; `keeping` is what the new model's run kept of
    earlier batches, None where it did not look.
    """

    project: str
    new: ModelFacts
    old: ModelFacts
    batch: BatchFacts | None = None
    items: tuple[TestItem, ...]
    votes: tuple[Vote, ...] = ()
    wanted: Count = 0
    gate: Gate = Gate()
    trend: tuple[TrendPoint, ...] = ()
    seed: int = 0
    made_at: datetime
    versions: dict[str, str] = {}
    set_aside: dict[str, int] = {}
    example_data: bool = False
    keeping: Keeping | None = None
