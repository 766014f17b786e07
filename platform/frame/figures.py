"""Figures about people's work as cells and bars. Each stands with its n; one of few items is called so."""

from typing import TYPE_CHECKING, TypeAlias

from hone.platform.frame.safe_html import esc
from hone.storage.records import Undefined

if TYPE_CHECKING:  # statistics take a second to import: only when figures are drawn
    from hone.evaluation.drift import Drift
    from hone.evaluation.intervals import Estimate
    from hone.platform.team import Measured

    Figure: TypeAlias = Estimate | Undefined

LOWEST = -0.2  # of the axis on which alpha is drawn
DASH = '<span class="h-faint">–</span>'


def share(figure: "Figure", noun: str = "") -> str:
    """A share as a cell: per cent, and below it of how many, with its interval in the title."""
    from hone.evaluation.figures import share_range

    if isinstance(figure, Undefined):
        return DASH
    hits = round(figure.value * figure.n)
    return (
        f'<span class="h-figure" title="{esc(share_range(figure.interval))}"><b>{percent(figure)}</b>'
        f"<em>{hits:,} of {figure.n:,}{esc(noun)}{few(figure.n)}</em></span>"
    )


def percent(figure: "Figure") -> str:
    """A share alone, where its n stands beside it."""
    from hone.evaluation.figures import percent as written

    return DASH if isinstance(figure, Undefined) else esc(written(figure.value))


def few(n: int) -> str:
    """What stands behind a small number of items."""
    from hone.evaluation.agreement import SMALL

    return ", few" if n < SMALL else ""


def number(figure: "Figure") -> str:
    """A figure with two decimals as a cell, or why there is none."""
    if isinstance(figure, Undefined):
        return f'<span class="h-faint">{esc(figure.undefined)}</span>'
    return f'<b class="h-num">{signless(figure.value)}</b>'


def signless(value: float) -> str:
    """Two decimals with a true minus sign."""
    shown = f"{value:.2f}".replace("-", "\u2212")
    return "0.00" if shown == "\u22120.00" else shown


def interval(figure: "Figure") -> str:
    """The interval of a figure on the axis from LOWEST to 1, a dot at its value, and its ends in words."""
    if isinstance(figure, Undefined):
        return ""
    if isinstance(figure.interval, Undefined):
        return f'<span class="h-faint">{esc(figure.interval.undefined)}</span>'
    low, high, at = map(_place, (figure.interval.low, figure.interval.high, figure.value))
    words = f"{signless(figure.interval.low)} to {signless(figure.interval.high)}"
    return (
        f'<span class="h-range" role="img" aria-label="{esc(words)}">'
        f'<i style="left:{low:.1f}%;width:{high - low:.1f}%"></i><b style="left:{at:.1f}%"></b></span>'
        f'<span class="h-small h-num">{esc(words)}</span>'
    )


def _place(value: float) -> float:
    return 100 * (min(1.0, max(LOWEST, value)) - LOWEST) / (1 - LOWEST)


def measured(rows: "tuple[Measured, ...]") -> list[list[str]]:
    """Rows of a table on agreement: question, items, the same answer, alpha and its interval."""
    return [
        [
            esc(each.name),
            f"{each.items:,}{few(each.items)}",
            percent(each.raw),
            number(each.alpha),
            interval(each.alpha),
        ]
        for each in rows
    ]


def moved(drift: "Drift | Undefined", unit: float = 1, suffix: str = "") -> str:
    """A drift as a cell: by how much, and over which items, or a dash."""
    if isinstance(drift, Undefined):
        return f'<span title="{esc(drift.undefined)}">{DASH}</span>'
    change = unit * (drift.lately - drift.before)
    sign = "+" if change > 0 else ""
    mark = "unsure" if drift.moved else "h-faint"
    return (
        f'<span class="h-figure {mark}" title="last {drift.lately_n} items against {drift.before_n} before">'
        f"<b>{sign}{signless(change) if unit == 1 else f'{change:.0f}'.replace('-', chr(0x2212))}{esc(suffix)}</b>"
        f"<em>{'moved' if drift.moved else 'steady'}</em></span>"
    )


def days(counted: "tuple[tuple[object, int], ...]") -> str:
    """Bars of how many a day, the oldest first."""
    most = max((count for _, count in counted), default=0) or 1
    bars = "".join(
        f'<i style="height:{100 * count / most:.0f}%" title="{esc(f"{day:%d %B}")}: {count:,}"></i>'
        for day, count in counted
    )
    return f'<div class="h-days" role="img" aria-label="opinions a day">{bars}</div>'
