"""The losses of a run as SVG text."""

import html
import math
from collections.abc import Sequence
from typing import TypeAlias

Points: TypeAlias = Sequence[tuple[int, float]]
WIDTH, HEIGHT = 860, 260
LINE = 15  # between two lines of words
LEFT, RIGHT, TOP, BOTTOM = 46, 740, 16, 226


def loss_svg(training: Points, validation: Points, total_steps: int | None) -> str:
    """Training and validation loss over the steps; the axis reaches to the last step planned."""
    points = [*training, *validation]
    if not points:
        return ""
    steps = max(total_steps or 0, max(step for step, _ in points), 1)
    low, high = _reach([loss for _, loss in points if math.isfinite(loss)])

    def place(point: tuple[int, float]) -> tuple[float, float]:
        x = LEFT + point[0] / steps * (RIGHT - LEFT)
        return x, BOTTOM - (point[1] - low) / (high - low) * (BOTTOM - TOP)

    parts = [
        _grid(low, high),
        _text(RIGHT, BOTTOM + 22, f"step {steps:,}", "end"),
        _text(LEFT, BOTTOM + 22, "0", "middle"),
    ]
    taken: list[float] = []  # the heights of the words so far
    for series, name, label in ((validation, "new", "validation"), (training, "old", "training")):
        placed = [place(point) for point in series if math.isfinite(point[1])]
        if placed:
            height = _beside(placed[-1][1], taken)
            parts += [_line(placed, name), _end(placed[-1], name, f"{label} {series[-1][1]:.2f}", height)]
    words = f"Loss over {steps} steps"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(words)}">{"".join(parts)}</svg>'


def _reach(losses: Sequence[float]) -> tuple[float, float]:
    low, high = min(losses, default=0.0), max(losses, default=1.0)
    margin = (high - low) * 0.08 or 0.5
    return max(0.0, low - margin), high + margin


def _grid(low: float, high: float) -> str:
    parts = []
    for index in range(4):
        value = low + (high - low) * index / 3
        y = BOTTOM - (BOTTOM - TOP) * index / 3
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{RIGHT}" y2="{y:.1f}" style="stroke:var(--line)"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{value:.2f}", "end"))
    return "".join(parts)


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="soft">{html.escape(words)}</text>'


def _line(placed: Sequence[tuple[float, float]], name: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    return f'<polyline points="{path}" style="fill:none;stroke:var(--{name});stroke-width:2;stroke-linejoin:round"/>'


def _end(at: tuple[float, float], name: str, words: str, height: float) -> str:
    x, y = at
    dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" style="fill:var(--{name})"/>'
    return dot + _text(x + 9, height + 4, words, "start")


def _beside(height: float, taken: list[float]) -> float:
    """Where words can stand without touching those that are there, and there they are taken in."""
    for other in taken:
        if abs(height - other) < LINE:
            height = other + LINE if height >= other else other - LINE
    taken.append(height)
    return height
