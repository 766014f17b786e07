"""The losses and the learning rate of a run as SVG text."""

import html
import math
from collections.abc import Sequence
from typing import TypeAlias

Points: TypeAlias = Sequence[tuple[int, float]]
WIDTH, HEIGHT = 980, 300
RATE_HEIGHT = 96
LINE = 15  # between two lines of words
LEFT, RIGHT, TOP, BOTTOM = 46, 850, 20, 266
START = 0.08  # of the run so far: a high loss there would press all that comes after it to the foot
_CLIP = (
    f'<clipPath id="c"><rect x="{LEFT}" y="{TOP - 8}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP + 12}"/></clipPath>'
)


def loss_svg(
    training: Points,
    validation: Points,
    total_steps: int | None,
    smoothed: Points = (),
    best: tuple[int, float] | None = None,
) -> str:
    """Training and validation loss over the steps; the axis reaches far enough to see what there is.

    Args:
        training: As it was told; drawn faintly where there is a smoothed line.
        validation: One point an evaluation.
        total_steps: That are planned; None ends at the last point.
        smoothed: The training loss without its jumps.
        best: The (step, loss) to mark.
    """
    points = [point for point in (*training, *validation) if math.isfinite(point[1])]
    if not points:
        return ""
    steps = _last_step([*training, *validation], total_steps)
    settled = [point for point in points if point[0] > START * points[-1][0]]
    axes = _Axes(steps, total_steps, *_reach([loss for _, loss in settled or points]), TOP, BOTTOM)
    drawn = [_CLIP, axes.grid(), axes.foot()]
    if best and len(validation) > 1:
        drawn.append(axes.mark(best, last=best[0] == validation[-1][0]))
    main = smoothed or training
    if smoothed:
        drawn.append(_line(axes.placed(training), "old", 1, 0.35))
    taken: list[float] = []  # the heights of the words so far
    for series, name, label in ((validation, "new", "validation"), (main, "old", "training")):
        placed = axes.placed(series)
        if placed:
            height = _beside(placed[-1][1], taken)
            drawn += [_line(placed, name, 2), _end(placed[-1], name, f"{label} {series[-1][1]:.2f}", height)]
            drawn += [_dot(at, name, 2.5) for at in placed[:-1] if name == "new"]
    return _svg(HEIGHT, f"Loss over {steps} steps", drawn)


def rate_svg(rates: Points, total_steps: int | None) -> str:
    """The learning rate over the same steps, small; nothing while it does not change."""
    found = [point for point in rates if math.isfinite(point[1])]
    if len({rate for _, rate in found}) < 2:
        return ""
    steps = _last_step(rates, total_steps)
    axes = _Axes(steps, total_steps, 0.0, max(rate for _, rate in found), 12, RATE_HEIGHT - 14)
    placed = axes.placed(found)
    return _svg(
        RATE_HEIGHT,
        f"Learning rate over {steps} steps",
        [
            axes.rule(axes.bottom),
            _text(LEFT - 8, axes.bottom + 4, "0", "end"),
            _text(LEFT - 8, axes.top + 4, f"{axes.high:.0e}".replace("e-0", "e-"), "end"),
            _line(placed, "tie", 2),
            _end(placed[-1], "tie", f"learning rate {found[-1][1]:.2g}", placed[-1][1]),
        ],
    )


class _Axes:
    """Where a step and a value stand in the picture."""

    def __init__(self, steps: int, total: int | None, low: float, high: float, top: float, bottom: float) -> None:
        self.steps, self.total = steps, total or steps
        self.low, self.high, self.top, self.bottom = low, high, top, bottom

    def at(self, point: tuple[int, float]) -> tuple[float, float]:
        x = LEFT + point[0] / self.steps * (RIGHT - LEFT)
        return x, self.bottom - (point[1] - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def placed(self, series: Points) -> list[tuple[float, float]]:
        return [self.at(point) for point in series if math.isfinite(point[1])]

    def rule(self, y: float) -> str:
        return f'<line x1="{LEFT}" y1="{y:.1f}" x2="{RIGHT}" y2="{y:.1f}" style="stroke:var(--line)"/>'

    def grid(self) -> str:
        drawn = []
        for index in range(4):
            value = self.low + (self.high - self.low) * index / 3
            _, y = self.at((0, value))
            drawn += [self.rule(y), _text(LEFT - 8, y + 4, f"{value:.2f}", "end")]
        return "".join(drawn)

    def foot(self) -> str:
        more = f" of {self.total:,}" if self.total > self.steps else ""
        ends = ((LEFT, "0", "middle"), (RIGHT, f"step {self.steps:,}{more}", "end"))
        return "".join(_text(x, self.bottom + 22, words, anchor) for x, words, anchor in ends)

    def mark(self, best: tuple[int, float], last: bool) -> str:
        """A ring around the best step, and its number at the foot unless it is the last one."""
        x, y = self.at(best)
        ring = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" style="fill:none;stroke:var(--new);stroke-width:1.5"/>'
        if last:
            return ring
        down = f'x1="{x:.1f}" y1="{y + 7:.1f}" x2="{x:.1f}" y2="{self.bottom}"'
        line = f'<line {down} style="stroke:var(--new);stroke-dasharray:3 4"/>'
        words = f"best {best[1]:.2f}, step {best[0]:,}"
        return ring + line + _text(min(max(x, LEFT + 70), RIGHT - 140), self.bottom + 22, words, "middle")


def _last_step(points: Points, total_steps: int | None) -> int:
    """Where the axis ends: at the last step planned, or early in a run at three times what there is to see."""
    last = max(max(step for step, _ in points), 1)
    planned = max(total_steps or last, last)
    return planned if planned <= 4 * last else 3 * last


def _reach(losses: Sequence[float]) -> tuple[float, float]:
    low, high = min(losses), max(losses)
    margin = (high - low) * 0.08 or 0.5
    return max(0.0, low - margin), high + margin


def _svg(height: int, words: str, drawn: Sequence[str]) -> str:
    label = html.escape(words)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{"".join(drawn)}</svg>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="soft">{html.escape(words)}</text>'


def _line(placed: Sequence[tuple[float, float]], name: str, width: float, opacity: float = 1.0) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    look = (
        f"clip-path:url(#c);fill:none;stroke:var(--{name});stroke-width:{width};stroke-linejoin:round;opacity:{opacity}"
    )
    return f'<polyline points="{path}" style="{look}"/>'


def _dot(at: tuple[float, float], name: str, radius: float) -> str:
    return f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius}" style="fill:var(--{name})"/>'


def _end(at: tuple[float, float], name: str, words: str, height: float) -> str:
    return _dot(at, name, 4) + _text(at[0] + 13, height + 4, words, "start")


def _beside(height: float, taken: list[float]) -> float:
    """Where words can stand without touching those that are there, and there they are taken in."""
    for other in taken:
        if abs(height - other) < LINE:
            height = other + LINE if height >= other else other - LINE
    taken.append(height)
    return height
