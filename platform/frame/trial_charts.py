"""The trials of a search as SVG text: their losses one after the other, and against each setting that was tried."""

import html
import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median

from hone.training.config import Range
from hone.training.search import Trial, best_of
from hone.training.searching.space import Value

WIDTH, HEIGHT = 980, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 860, 20, 258
ACROSS, PANEL_WIDTH, PANEL_HEIGHT = 3, 320, 190
FAR = 4.0  # losses this many times as far from the best as the median is are drawn at the upper edge
Panel = tuple[float, float, float, float]  # left, right, top, bottom


def trials_svg(trials: Sequence[Trial], planned: int) -> str:
    """Loss by trial, with the best so far as a line; nothing before a trial has ended.

    A trial that is done is a full dot. One that was stopped is a ring at the mean of the folds it saw; one that failed
    is a cross on the axis. Losses far above the others stand at the upper edge, with an arrow.
    """
    if not trials:
        return ""
    reach = _reach(trials)
    count = max(planned, len(trials), 2)
    frame = (LEFT, RIGHT, TOP, BOTTOM)

    def across(number: float) -> float:
        return LEFT + 14 + (number - 1) / (count - 1) * (RIGHT - LEFT - 28)

    drawn = [_grid(frame, reach), _bests(trials, reach, across(1), (across(2) - across(1)), frame)]
    best = best_of(trials)
    drawn += [_mark(trial, across(trial.number), frame, reach, trial == best) for trial in trials]
    drawn += [_text(across(number), BOTTOM + 20, f"{number}", "middle") for number in _ticks(count)]
    drawn.append(_text((LEFT + RIGHT) / 2, BOTTOM + 38, "trial", "middle"))
    if best and best.loss is not None:
        drawn.append(_text(RIGHT + 8, _height(best.loss, frame, reach) + 4, f"best {best.loss:.3f}", "start", "ink"))
    return _svg(WIDTH, HEIGHT, f"Loss of {len(trials)} trials", drawn)


def settings_svg(trials: Sequence[Trial], space: Mapping[str, Range]) -> str:
    """Loss against each setting, a small panel each; nothing before three trials have a loss."""
    told = [trial for trial in trials if trial.losses]
    if len(told) < 3:
        return ""
    rows = math.ceil(len(space) / ACROSS)
    drawn = [
        _panel(told, name, tried, (index % ACROSS) * PANEL_WIDTH, (index // ACROSS) * PANEL_HEIGHT)
        for index, (name, tried) in enumerate(space.items())
    ]
    width = min(len(space), ACROSS) * PANEL_WIDTH
    return _svg(max(width, WIDTH), rows * PANEL_HEIGHT, f"Loss against {', '.join(space)}", drawn)


def any_far(trials: Sequence[Trial]) -> bool:
    """Whether a loss is so far above the others that it is drawn as an arrow at the upper edge."""
    high = _reach(trials)[1]
    return any(_loss(trial) > high for trial in trials if trial.losses and trial.state != "failed")


def _panel(trials: Sequence[Trial], name: str, tried: Range, x: float, y: float) -> str:
    frame = (x + 46, x + PANEL_WIDTH - 24, y + 34, y + PANEL_HEIGHT - 34)
    reach = _reach(trials)
    place = _Across(tried, frame[0] + 10, frame[1] - 10)
    best = best_of(trials)
    ordered = [trial for trial in trials if trial != best] + ([best] if best else [])  # the best lies on top
    drawn = [_text(frame[0], y + 18, name, "start", "ink"), _grid(frame, reach, lines=2)]
    drawn += [_mark(trial, place.of(trial.settings[name]), frame, reach, trial == best) for trial in ordered]
    drawn += [_text(at, frame[3] + 19, words, anchor) for at, words, anchor in place.ticks()]
    return "".join(drawn)


class _Across:
    """Where the values of a setting lie from left to right: evenly when they are a list, by their size in a stretch."""

    def __init__(self, tried: Range, left: float, right: float) -> None:
        self.tried, self.left, self.right = tried, left, right
        self.values: list[Value] = sorted(set(tried.values), key=lambda value: (isinstance(value, str), value))

    def of(self, value: Value) -> float:
        return self.left + self._share(value) * (self.right - self.left)

    def ticks(self) -> list[tuple[float, str, str]]:
        """Place, words and anchor: every value of a list of six, else the ends."""
        named = self.values or [self.tried.low or 0.0, self.tried.high or 0.0]
        shown = named if len(named) <= 6 else [named[0], named[-1]]
        anchors = {self.left: "start", self.right: "end"} if not self.values else {}
        return [(at, _short(value), anchors.get(at, "middle")) for value in shown for at in (self.of(value),)]

    def _share(self, value: Value) -> float:
        if self.values:
            return (self.values.index(value) + 0.5) / len(self.values)
        low, high, at = float(self.tried.low or 0), float(self.tried.high or 0), float(value)
        if self.tried.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return (at - low) / (high - low)


def _reach(trials: Sequence[Trial]) -> tuple[float, float]:
    losses = sorted(_loss(trial) for trial in trials if trial.losses)
    if not losses:
        return 0.0, 1.0
    low, middle = losses[0], median(losses)
    high = min(losses[-1], low + FAR * (middle - low)) if middle > low else losses[-1]
    margin = (high - low) * 0.1 or max(abs(low) * 0.05, 0.01)
    return max(0.0, low - margin), high + margin


def _loss(trial: Trial) -> float:
    """Its loss, or as much as its folds told of it."""
    return trial.loss if trial.loss is not None else fmean(trial.losses)


def _height(loss: float, frame: Panel, reach: tuple[float, float]) -> float:
    top, bottom = frame[2:]
    share = (loss - reach[0]) / (reach[1] - reach[0])
    return bottom - min(1.0, max(0.0, share)) * (bottom - top)


def _bests(trials: Sequence[Trial], reach: tuple[float, float], first: float, step: float, frame: Panel) -> str:
    """The best loss so far, as steps."""
    best, points = math.inf, list[str]()
    for index, trial in enumerate(trials):
        if trial.loss is not None and trial.loss < best:
            if points:
                points.append(f"{first + index * step:.1f},{_height(best, frame, reach):.1f}")
            best = trial.loss
        if best < math.inf:
            points.append(f"{first + index * step:.1f},{_height(best, frame, reach):.1f}")
    if len(points) < 2:
        return ""
    return f'<polyline points="{" ".join(points)}" style="fill:none;stroke:var(--new);stroke-width:1.5;opacity:.65"/>'


def _mark(trial: Trial, x: float, frame: Panel, reach: tuple[float, float], best: bool) -> str:
    words = _title(trial)
    if not trial.losses or trial.state == "failed":
        return _cross(x, frame[3], words)
    y = _height(_loss(trial), frame, reach)
    if _loss(trial) > reach[1]:
        colour = "new" if trial.state == "done" else "old"
        arrow = f"M{x - 5:.1f} {y + 9:.1f} L{x:.1f} {y:.1f} L{x + 5:.1f} {y + 9:.1f} Z"
        return f'<path d="{arrow}" style="fill:var(--{colour})">{words}</path>'
    style = "fill:var(--new)" if trial.state == "done" else "fill:var(--paper);stroke:var(--old);stroke-width:1.6"
    if best:
        style = "fill:var(--better);stroke:var(--paper);stroke-width:1.5"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6.5 if best else 4.5}" style="{style}">{words}</circle>'


def _cross(x: float, y: float, words: str) -> str:
    path = f"M{x - 4:.1f} {y - 4:.1f} L{x + 4:.1f} {y + 4:.1f} M{x + 4:.1f} {y - 4:.1f} L{x - 4:.1f} {y + 4:.1f}"
    return f'<path d="{path}" style="fill:none;stroke:var(--worse);stroke-width:1.8">{words}</path>'


def _title(trial: Trial) -> str:
    said = f"trial {trial.number}, {trial.state}" + (f", loss {_loss(trial):.4f}" if trial.losses else "")
    return f"<title>{html.escape(said)}</title>"


def _grid(frame: Panel, reach: tuple[float, float], lines: int = 4) -> str:
    left, right, top, bottom = frame
    parts: list[str] = []
    for index in range(lines):
        share = index / (lines - 1)
        y = bottom - (bottom - top) * share
        parts.append(f'<line x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}" style="stroke:var(--line)"/>')
        parts.append(_text(left - 8, y + 4, f"{reach[0] + (reach[1] - reach[0]) * share:.2f}", "end"))
    return "".join(parts)


def _ticks(count: int) -> list[int]:
    """Trial numbers to name: all of twelve, else the first and every fifth, tenth, ..."""
    if count <= 12:
        return list(range(1, count + 1))
    step = next(size for size in (5, 10, 20, 50, 100, 200, 500, 1000, 2000) if count / size <= 10)
    return [1, *range(step, count + 1, step)]


def _short(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _text(x: float, y: float, words: str, anchor: str, kind: str = "soft") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{html.escape(words)}</text>'


def _svg(width: float, height: float, label: str, drawn: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(label)}">{"".join(drawn)}</svg>'
