"""The texts of one pair, with the words that the checks found marked in them."""

import streamlit as st

from hone.labeling.checks.kinds import KINDS
from hone.labeling.diff import word_diff
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import diff, esc, marked
from hone.storage import findings
from hone.storage.findings import Finding
from hone.storage.pairs import Pair


def draw(pair: Pair, approved: str) -> None:
    """Instruction, context and response as imported, what the approved one changed, and what was found in them."""
    with shell.store().read() as cursor:
        found = findings.of_pairs(cursor, [pair.id])
    _field("Instruction", "instruction", pair.instruction, found)
    _field("Context", "context", pair.context, found, "h-quiet h-quote")
    changed = approved != pair.response
    _field("Response as imported" if changed else "Response", "response", pair.response, found)
    if changed:
        st.html(
            '<div class="h-field"><div class="h-eyebrow">Response as approved</div>'
            f"{diff(word_diff(pair.response, approved))}</div>"
        )
    if found:
        _found(found)
    elif pair.checks is None:
        parts.note("The checks have not looked at this pair yet.")


def _field(label: str, field: str, text: str, found: list[Finding], css: str = "") -> None:
    if text:
        spans = [
            (each.start, each.end, f"{_name(each.kind)}: {each.says}")
            for each in found
            if each.field == field and each.start < each.end
        ]
        st.html(f'<div class="h-field"><div class="h-eyebrow">{label}</div>{marked(text, spans, css)}</div>')


def _found(found: list[Finding]) -> None:
    rows = "".join(
        f'<div class="h-small">{parts.chip(_name(each.kind), _tone(each.kind))} {esc(each.says)}</div>'
        for each in found
    )
    st.html(f'<div class="h-field h-found"><div class="h-eyebrow">Found by the checks</div>{rows}</div>')


def _name(kind: str) -> str:
    return KINDS[kind].name if kind in KINDS else kind


def _tone(kind: str) -> parts.Tone:
    return KINDS[kind].tone if kind in KINDS else ""
