"""The course of a training in plain words: does it learn, does it overfit, and what to do next.

Nothing is read here and nothing is loaded: losses in, words out. A training loss is of one step and jumps; a
validation loss is of the same rows each time, so that its changes are the model's.
"""

import math
from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Any, Literal, TypeAlias

from hone.storage.records import Record

Points: TypeAlias = Sequence[tuple[int, float]]
Kind: TypeAlias = Literal["overfits", "stalls", "diverges", "flat", "high"]

LEAST_POINTS = 12  # of the training loss: fewer are all start
BEGUN = 0.25  # of the planned steps: before that the warm-up alone can keep a loss where it was
MOST = 0.8  # of the planned steps: after that what is high stays high
SMOOTH = 20  # a smoothed point is the mean of a twentieth of the run so far, and of five points at least
RISE = 1.05  # of the best validation loss: a twentieth worse is more than the last digits of an average
STILL = 0.02  # of a loss: a run that has taken no fiftieth off its loss has learnt nothing
GAIN = 0.01  # of the best validation loss: less is no gain worth a pass
LATELY = 3  # evaluations
LEARNT = 0.1  # nats: nine in ten for every token; below it there is nothing left to learn, and little to unlearn
WORSE = 1.2  # of where the training loss began
LIKELY = 20  # as unsure as among twenty equally likely tokens: no answer is to be expected of such a model


class Remark(Record):
    """One thing to know of a training: what was seen, with its figures, and what to do next."""

    kind: Kind
    says: str
    next: str


class Course(Record):
    """A training so far. Losses are in nats per token (of a preference: per pair); None is not measured yet.

    `gap` is validation minus training loss at the last evaluation; `best` is (step, loss) of the lowest validation
    loss, the earliest of equals; `smoothed` is the training loss as it is drawn.
    """

    smoothed: tuple[tuple[int, float], ...]
    best: tuple[int, float] | None
    gap: float | None
    remarks: tuple[Remark, ...]


def course(losses: Points, validation: Points, planned: int | None, config: dict[str, Any], ended: bool) -> Course:
    """What the losses of a run say.

    Args:
        losses: (step, loss) of the training steps that were told, in their order.
        validation: (step, loss) of the evaluations.
        planned: Steps that the run will take; None when it has not said.
        config: The run's settings: `patience`, `objective`, `labels` and `task` change what is said.
        ended: Whether the run goes on no more.
    """
    losses, validation = _finite(losses), _finite(validation)
    smoothed = smooth(losses)
    best = min(validation, key=lambda point: point[1], default=None)
    done = (losses[-1][0] / planned if planned else 1.0) if losses else 0.0
    remarks = [
        _diverges(losses, done),
        _flat(losses, validation, done),
        _overfits(losses, validation, config),
        _high(losses, validation, done, config, ended),
    ]
    found = [remark for remark in remarks if remark is not None]
    return Course(smoothed=tuple(smoothed), best=best, gap=gap(losses, validation), remarks=tuple(found[:1]))


def smooth(points: Points) -> list[tuple[int, float]]:
    """Each point as the mean of those around it, as many before as after; see SMOOTH. A few points stay as they are."""
    if len(points) < LEAST_POINTS:
        return list(points)
    reach = max(5, len(points) // SMOOTH) // 2
    out = []
    for index, (step, _) in enumerate(points):
        side = min(reach, index, len(points) - 1 - index)
        out.append((step, fmean([loss for _, loss in points[index - side : index + side + 1]])))
    return out


def gap(losses: Points, validation: Points) -> float | None:
    """Validation loss less the smoothed training loss beside it, at the last evaluation; None before there is one."""
    if not losses or not validation:
        return None
    at, seen = validation[-1]
    return seen - min(smooth(losses), key=lambda point: (abs(point[0] - at), -point[0]))[1]


def unsure(config: dict[str, Any]) -> float:
    """The loss of a model that knows nothing to the point: of LIKELY tokens, of all labels, of either answer."""
    if config.get("objective") == "dpo":
        return 0.95 * math.log(2)
    if config.get("objective") == "kto":
        return math.inf  # its loss has no fixed level for guessing
    labels = config.get("labels") or ()
    return 0.95 * math.log(len(labels)) if len(labels) > 1 else math.log(LIKELY)


def _finite(points: Points) -> list[tuple[int, float]]:
    return [(step, loss) for step, loss in points if math.isfinite(loss)]


def _diverges(losses: Points, done: float) -> Remark | None:
    if len(losses) < LEAST_POINTS or done < BEGUN:
        return None
    first, last = fmean([loss for _, loss in losses[:5]]), fmean([loss for _, loss in losses[-5:]])
    if last < max(WORSE * first, LEARNT):
        return None
    return Remark(
        kind="diverges",
        says=f"It unlearns: the training loss rose from {first:.2f} to {last:.2f}.",
        next="Stop it and start again with a third of the learning rate, or a longer warm-up.",
    )


def _flat(losses: Points, validation: Points, done: float) -> Remark | None:
    if len(losses) < LEAST_POINTS or done < BEGUN:
        return None
    start, end = [loss for _, loss in losses[:5]], [loss for _, loss in losses[-max(5, len(losses) // 4) :]]
    first, last = fmean(start), fmean(end)
    noise = 2 * pstdev(end) / math.sqrt(len(start))  # what the mean of the first five is off by, at most as a rule
    fell = len(validation) > 1 and validation[-1][1] < (1 - STILL) * validation[0][1]
    if fell or first < LEARNT or abs(last - first) > max(STILL * first, noise):
        return None
    return Remark(
        kind="flat",
        says=f"It does not learn: the training loss is flat, {first:.2f} at the start and {last:.2f} now.",
        next="Try three times the learning rate; if that changes nothing, look at the rows and the prompt template.",
    )


def _overfits(losses: Points, validation: Points, config: dict[str, Any]) -> Remark | None:
    """Worse on what it has not seen while better on what it has; or no better for some time, learning by heart."""
    if len(validation) < LATELY:
        return None
    step, loss = min(validation, key=lambda point: point[1])
    since = [point for point in validation if point[0] > step]
    before = [each for at, each in losses if at <= step]
    if len(since) < 2 or not before:
        return None
    last, seen = fmean([each for _, each in losses[-5:]]), since[-1][1]
    if last >= fmean(before[-5:]):
        return None
    kept = f"The model of step {step} is the one that is kept." if config.get("patience") else ""
    if seen >= max(RISE * loss, LEARNT):
        return Remark(
            kind="overfits",
            says=f"It overfits: since step {step} the validation loss rose from {loss:.2f} to {seen:.2f}, while the "
            f"training loss fell to {last:.2f}.",
            next=kept or "Set patience=2, so that the best step is kept, or take fewer passes; more pairs help most.",
        )
    lately = [each for _, each in validation[-LATELY:]]
    if len(since) < LATELY or last >= seen / 2 or max(lately) - min(lately) > GAIN * loss:
        return None
    return Remark(
        kind="stalls",
        says=f"It learns by heart: the validation loss stays at {seen:.2f} since step {step}, while the training loss "
        f"fell to {last:.2f}.",
        next=kept or "Further passes bring nothing: set patience=2, or add pairs.",
    )


def _high(losses: Points, validation: Points, done: float, config: dict[str, Any], ended: bool) -> Remark | None:
    if len(losses) < LEAST_POINTS or not validation or (done < MOST and not ended):
        return None
    quarter = len(losses) // 4
    earlier = fmean([loss for _, loss in losses[-2 * quarter : -quarter]])
    last, seen, level = fmean([loss for _, loss in losses[-quarter:]]), validation[-1][1], unsure(config)
    if min(last, seen) < level:
        return None
    falls = last < (1 - STILL) * earlier
    return Remark(
        kind="high",
        says=f"It has not learnt the task: both losses are high, {last:.2f} in training and {seen:.2f} in validation; "
        f"{level:.2f} is what little more than guessing gives.",
        next="Both still fall: give it more passes."
        if falls
        else "Take a higher learning rate or rank; if that changes nothing, a stronger base.",
    )
