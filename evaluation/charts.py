"""The report's charts as SVG text: drawn by arithmetic, coloured by the style sheet, readable without colour.

Colours are style variables with their light value as fallback, so that a chart can stand on any page.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from hone.evaluation.figures import number_range, percent, plural, share_range, signed
from hone.evaluation.inputs import TrendPoint
from hone.evaluation.intervals import Interval
from hone.evaluation.markup import escaped
from hone.evaluation.report import MetricLine
from hone.evaluation.text_metrics import TITLES
from hone.evaluation.verdict import GuardResult
from hone.evaluation.votes import Preference
from hone.storage.records import Undefined

WIDTH = 912
LATEST = 8
COLOURS = {
    "new": "#2E6F95",
    "old": "#8a939b",
    "better": "#2F7D4F",
    "worse": "#B3402E",
    "unsure": "#A8741A",
    "tie": "#d3d9dd",
    "bad": "#b9a99f",
    "line": "#e1e5e8",
    "soft": "#5a646c",
    "paper": "#ffffff",
    "wash": "#f5f7f8",
}


def colour(name: str) -> str:
    """A style variable with its light value as fallback."""
    return f"var(--{name}, {COLOURS[name]})"


def tone(interval: Interval | Undefined, middle: float = 0.0) -> str:
    """Green where the whole interval lies over the middle, red where under, amber where it holds it."""
    if isinstance(interval, Undefined) or interval.low <= middle <= interval.high:
        return "unsure"
    return "better" if interval.low > middle else "worse"


def _svg(height: float, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escaped(label)}">' + "".join(parts) + "</svg>"
    )


def _text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escaped(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, name: str, width: float = 1, dash: str = "") -> str:
    dashes = f";stroke-dasharray:{dash}" if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'style="stroke:{colour(name)};stroke-width:{width:g}{dashes}"/>'
    )


def _box(x: float, y: float, width: float, height: float, name: str, radius: float = 0) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{height:.1f}" rx="{radius:g}" '
        f'style="fill:{colour(name)}"/>'
    )


def _dot(x: float, y: float, name: str, radius: float = 5.5) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" '
        f'style="fill:{colour(name)};stroke:{colour("paper")};stroke-width:1.5"/>'
    )


def _whisker(low: float, high: float, y: float, name: str) -> str:
    """A horizontal interval with ends."""
    ends = "".join(_line(x, y - 5, x, y + 5, name, 2) for x in (low, high))
    return _line(low, y, high, y, name, 3) + ends


def verdict_mark(kind: str) -> str:
    """The verdict's sign in a disc: an arrow up, an arrow down, or a question mark (never an equals sign)."""
    shapes = {"better": "M8 18 L16 9 L24 18 M16 9 L16 24", "worse": "M8 14 L16 23 L24 14 M16 23 L16 8"}
    path = shapes.get(kind, "M11.5 12.5 A4.5 4.5 0 1 1 17.7 16.7 Q16 17.6 16 19.5 M16 24.2 L16 24.3")
    return (
        f'<svg viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="16" style="fill:{colour(kind)}"/>'
        f'<path d="{path}" style="fill:none;stroke:{colour("paper")};stroke-width:3;stroke-linecap:round;'
        'stroke-linejoin:round"/></svg>'
    )


def win_rate_svg(preference: Preference, new: str, old: str) -> str:
    """All votes as one bar, and below it the win rate over decisive votes with its interval and the even line."""
    parts = [*_vote_bar(preference, new, old)]
    left, right, y = 0.0, float(WIDTH), 118.0

    def place(value: float) -> float:
        return left + value * (right - left)

    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        anchor = "start" if tick == 0 else "end" if tick == 1 else "middle"
        parts.append(_line(place(tick), y - 14, place(tick), y + 14, "soft" if tick == 0.5 else "line"))
        parts.append(_text(place(tick), y + 32, percent(tick), anchor, "soft"))
    rate = preference.clustered
    if isinstance(rate, Undefined):
        parts.append(_text(place(0.5), y - 20, f"Win rate undefined: {rate.undefined}", "middle", "soft"))
        return _svg(156, f"Win rate undefined: {rate.undefined}", parts)
    p = preference.p_clustered
    shade = "unsure" if isinstance(p, Undefined) or p > 0.05 else tone(rate.interval, 0.5)
    if isinstance(rate.interval, Interval):
        parts.append(_whisker(place(rate.interval.low), place(rate.interval.high), y, shade))
    parts.append(_dot(place(rate.value), y, shade, 7))
    said = f"{percent(rate.value)} of {plural(rate.n, 'decisive vote')}, {share_range(rate.interval)}"
    anchor = "start" if rate.value < 0.25 else "end" if rate.value > 0.75 else "middle"
    parts.append(_text(place(rate.value), y - 20, said, anchor, "strong"))
    return _svg(156, f"Win rate of {new} over {old}: {said}", parts)


def _vote_bar(preference: Preference, new: str, old: str) -> list[str]:
    """Wins, ties, both bad and losses as shares of one bar; a legend in words above."""
    shares = [
        (f"{_short(new)} won {preference.wins:,}", preference.wins, "new"),
        (f"tie {preference.ties:,}", preference.ties, "tie"),
        (f"both bad {preference.both_bad:,}", preference.both_bad, "bad"),
        (f"{_short(old)} won {preference.losses:,}", preference.losses, "old"),
    ]
    parts: list[str] = []
    x = 0.0
    for _, count, name in shares:
        width = WIDTH * count / preference.n
        parts.append(_box(x, 26, width - (2 if x + width < WIDTH - 1 else 0), 26, name, 3))
        x += width
    legend = 0.0
    for words, _, name in shares:
        parts += [_box(legend, 3, 11, 11, name, 2), _text(legend + 17, 13, words)]
        legend += 17 + 7.1 * len(words) + 24
    return parts


def _short(name: str, most: int = 22) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def nice_step(reach: float, steps: int = 3) -> float:
    """A round distance between ticks so that about `steps` of them cover the reach."""
    rough = reach / steps
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999))


def forest_svg(metrics: Sequence[MetricLine], guards: Sequence[GuardResult]) -> str:
    """Paired differences, new minus old, with intervals on one scale; a tick marks each guard's margin."""
    margins = {result.guard.metric: result.guard.margin for result in guards}
    reach = max([_reach(line) for line in metrics] + list(margins.values()) + [0.01]) * 1.08
    left, right, row = 150.0, 640.0, 34.0
    middle = (left + right) / 2

    def place(value: float) -> float:
        return middle + value / reach * (right - left) / 2

    bottom = 34 + row * len(metrics)
    parts = [
        _text(left, 14, "◂ old model better", "start", "soft"),
        _text(right, 14, "new model better ▸", "end", "soft"),
        _text(WIDTH, 14, "new − old (interval), n", "end", "soft"),
    ]
    step = nice_step(reach)
    for index in range(-int(reach / step), int(reach / step) + 1):
        x = place(index * step)
        parts.append(_line(x, 24, x, bottom, "soft" if index == 0 else "line"))
        parts.append(_text(x, bottom + 18, signed(index * step) if index else "0", "middle", "soft"))
    for index, line in enumerate(metrics):
        parts += _forest_row(line, 24 + row * (index + 0.5), margins.get(line.metric), place)
    return _svg(bottom + 26, "Paired differences of the metrics, new minus old", parts)


def _reach(line: MetricLine) -> float:
    interval = line.paired.interval
    ends = [interval.low, interval.high] if isinstance(interval, Interval) else []
    return max(abs(value) for value in (*ends, line.paired.difference))


def _forest_row(line: MetricLine, y: float, margin: float | None, place: Callable[[float], float]) -> list[str]:
    paired = line.paired
    shade = tone(paired.interval)
    parts = [_text(0, y + 5, TITLES[line.metric], "start", "strong")]
    if margin is not None:
        parts.append(_line(place(-margin), y - 11, place(-margin), y + 11, "worse", 1.5, "3 3"))
    if isinstance(paired.interval, Interval):
        parts.append(_whisker(place(paired.interval.low), place(paired.interval.high), y, shade))
    parts.append(_dot(place(paired.difference), y, shade))
    said = f"{signed(paired.difference)} ({number_range(paired.interval, sign=True)}), {paired.n:,}"
    parts.append(_text(WIDTH, y + 5, said, "end"))
    return parts


def trend_svg(points: Sequence[TrendPoint], metric: str = "rougeL") -> str:
    """Iterations from left to right: win rate against the one before with its interval, and one metric's mean.

    The last eight are drawn; more would not be legible.
    """
    points = points[-LATEST:]
    step = min(200.0, (WIDTH - 60.0) / max(1, len(points)))
    xs = [60 + step * (index + 0.5) for index in range(len(points))]
    parts = [_text(0, 13, "Win rate against the iteration before, over decisive votes", "start", "strong")]
    top, bottom = 34.0, 184.0
    for tick in (0.0, 0.5, 1.0):
        y = bottom - tick * (bottom - top)
        parts.append(_line(60, y, WIDTH, y, "soft" if tick == 0.5 else "line"))
        parts.append(_text(50, y + 4, percent(tick), "end", "soft"))
    for x, point in zip(xs, points, strict=True):
        parts += _trend_win(x, point, top, bottom)
    parts += _trend_metric(xs, points, metric)
    for x, point in zip(xs, points, strict=True):
        parts.append(_text(x, 330, _short(point.name, int(step / 8)), "middle", "strong"))
        parts.append(_text(x, 348, plural(point.pairs, "pair"), "middle", "soft"))
    return _svg(356, "The iterations so far: win rate and " + TITLES[metric], parts)


def _trend_win(x: float, point: TrendPoint, top: float, bottom: float) -> list[str]:
    if point.win_rate is None:
        return [_text(x, (top + bottom) / 2 - 6, "no votes", "middle", "soft")]
    shade, parts, peak = "unsure", [], point.win_rate

    def place(value: float) -> float:
        return bottom - value * (bottom - top)

    if point.low is not None and point.high is not None:
        shade = "better" if point.low > 0.5 else "worse" if point.high < 0.5 else "unsure"
        parts.append(_line(x, place(point.low), x, place(point.high), shade, 3))
        peak = point.high
    said = f"{percent(point.win_rate)}, n\u00a0=\u00a0{point.decisive:,}"
    return [*parts, _dot(x, place(point.win_rate), shade, 4.5), _text(x, place(peak) - 9, said, "middle", "soft")]


def _trend_metric(xs: Sequence[float], points: Sequence[TrendPoint], metric: str) -> list[str]:
    """The metric's mean on the test split, on a scale from zero."""
    top, bottom = 250.0, 308.0
    known = [(x, p.metrics[metric]) for x, p in zip(xs, points, strict=True) if metric in p.metrics]
    highest = max([value for _, value in known] + [0.1])
    placed = [(x, bottom - value / highest * (bottom - top)) for x, value in known]
    parts = [
        _text(0, 218, f"{TITLES[metric]}, mean on the test split", "start", "strong"),
        _line(60, bottom, WIDTH, bottom, "line"),
    ]
    parts += [_line(*a, *b, "new", 2) for a, b in pairwise(placed)]
    for (x, y), (_, value) in zip(placed, known, strict=True):
        parts += [_dot(x, y, "new"), _text(x, y - 11, f"{value:.3f}", "middle", "soft")]
    return parts
