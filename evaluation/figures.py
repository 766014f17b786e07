"""Figures as people read them: the same words in the verdict, on the page, and in the file."""

from hone.evaluation.intervals import Estimate, Interval
from hone.storage.records import Undefined

THIN = "\u202f"  # narrow space before a percent sign, where no line may break
MINUS = "\u2212"


def percent(share: float) -> str:
    """A share as whole per cent; never rounded to 0 or 100 when it is neither."""
    shown = round(100 * share)
    if shown == 0 and share > 0:
        return f"under 1{THIN}%"
    if shown == 100 and share < 1:
        return f"over 99{THIN}%"
    return f"{shown}{THIN}%"


def number(value: float) -> str:
    """Three decimals, with a true minus sign."""
    shown = f"{value:.3f}"
    return shown.replace("-", MINUS) if float(shown) else "0.000"


def signed(value: float) -> str:
    """Three decimals with the sign written out; a difference that rounds to nothing has none."""
    shown = number(value)
    return f"+{shown}" if value > 0 and shown != "0.000" else shown


def p_value(p: float | Undefined) -> str:
    """p with its letter."""
    if isinstance(p, Undefined):
        return f"p undefined: {p.undefined}"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def share_range(interval: Interval | Undefined) -> str:
    """An interval of shares in words."""
    if isinstance(interval, Undefined):
        return f"interval undefined: {interval.undefined}"
    return f"{percent(interval.level)} interval {percent(interval.low)} to {percent(interval.high)}"


def span(interval: Interval | Undefined) -> str:
    """An interval of shares as its two ends, for tables that name the level once."""
    if isinstance(interval, Undefined):
        return f"undefined: {interval.undefined}"
    return f"{percent(interval.low)} to {percent(interval.high)}"


def number_range(interval: Interval | Undefined, sign: bool = False) -> str:
    """An interval of scores in words."""
    if isinstance(interval, Undefined):
        return f"undefined: {interval.undefined}"
    show = signed if sign else number
    return f"{show(interval.low)} to {show(interval.high)}"


def estimate_text(estimate: Estimate | Undefined) -> str:
    """A score with its interval, or the word undefined with its reason."""
    if isinstance(estimate, Undefined):
        return f"undefined: {estimate.undefined}"
    return f"{number(estimate.value)} ({number_range(estimate.interval)})"


def plural(count: int, noun: str) -> str:
    """A count with its noun: 1 vote, 2 votes."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
