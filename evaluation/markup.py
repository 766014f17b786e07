"""HTML of our own making: every text that came from outside goes through `escaped`, and nothing else does."""

import html
import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from hone.evaluation.figures import percent, span
from hone.evaluation.intervals import Estimate
from hone.storage.records import Undefined

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
WORD = re.compile(r"\s*\S+\s*")
SHOWN = 4000  # characters of one text that a report shows
DIFFED = 700  # words beyond which a diff costs more time than it gives insight


def escaped(text: str) -> str:
    """Text that a browser shows as it is and never reads as markup; control characters become a visible mark."""
    return html.escape(CONTROL.sub("\ufffd", text), quote=True)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """A table of cells that are already HTML; `numeric` names the columns that stand to the right."""
    kinds = [' class="n"' if index in numeric else "" for index in range(len(heads))]
    head = "".join(f"<th{kind}>{each}</th>" for kind, each in zip(kinds, heads, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def undefined(value: Undefined) -> str:
    """The word undefined with its reason."""
    return f'<span class="undefined">undefined: {escaped(value.undefined)}</span>'


def share_html(estimate: Estimate | Undefined) -> str:
    """A share with its interval and sample size, or why there is none."""
    if isinstance(estimate, Undefined):
        return undefined(estimate)
    return f"{percent(estimate.value)} <small>{span(estimate.interval)}, {sample_size(estimate.n)}</small>"


def sample_size(count: int) -> str:
    """A sample size that no line break parts."""
    return f"n\u00a0=\u00a0{count:,}"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names with values that are already HTML."""
    return "<dl>" + "".join(f"<dt>{escaped(name)}</dt><dd>{value}</dd>" for name, value in pairs) + "</dl>"


def section(title: str, lead: str, *parts: str) -> str:
    """A section with its heading and one sentence of what to see."""
    said = f'<p class="lead">{lead}</p>' if lead else ""
    return f"<section><h2>{escaped(title)}</h2>{said}{''.join(parts)}</section>"


def clipped(text: str, shown: int = SHOWN) -> str:
    """The text as HTML, cut after `shown` characters with a word on how much is missing."""
    if len(text) <= shown:
        return escaped(text)
    return f'{escaped(text[:shown])}<span class="undefined"> … {len(text) - shown:,} more characters</span>'


def word_diff(old: str, new: str) -> tuple[str, str]:
    """Both texts as HTML, words that only one of them has marked: <del> in the old, <ins> in the new.

    Long texts are shown without marks.
    """
    if len(old) > SHOWN or len(new) > SHOWN:
        return clipped(old), clipped(new)
    before, after = WORD.findall(old), WORD.findall(new)
    if len(before) + len(after) > 2 * DIFFED:
        return escaped(old), escaped(new)
    left: list[str] = []
    right: list[str] = []
    bare_before, bare_after = [word.strip() for word in before], [word.strip() for word in after]
    for kind, a, b, c, d in SequenceMatcher(None, bare_before, bare_after, autojunk=False).get_opcodes():
        left.append(_marked("del", "".join(before[a:b]), kind != "equal"))
        right.append(_marked("ins", "".join(after[c:d]), kind != "equal"))
    return "".join(left), "".join(right)


def _marked(tag: str, text: str, changed: bool) -> str:
    if not changed or not text.strip():
        return escaped(text)
    words = text.rstrip()
    return f"<{tag}>{escaped(words)}</{tag}>{escaped(text[len(words) :])}"
