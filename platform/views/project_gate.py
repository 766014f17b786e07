"""The fields that say when a model is better: at set-up and among the rules."""

from collections.abc import Callable
from typing import Any, TypeAlias

import streamlit as st

from hone.platform.declared import gate_of
from hone.platform.frame import project_form
from hone.platform.frame.project_form import GATED
from hone.storage.projects import ProjectSettings

LEVELS = (0.9, 0.95, 0.99)
Start: TypeAlias = Callable[[str, Any], Any]


def fields(settings: ProjectSettings, key: Callable[[str], str], start: Start, before: Any = None) -> dict[str, Any]:
    """Draw them; gives the gate that they hold.

    Args:
        settings: Whose gate stands there when nothing was entered.
        key: The key of a field, made of its name.
        start: The value that a field begins with, of its key and the gate's own value.
        before: Draws one more field at the left of the first row.
    """
    gate = gate_of(settings)
    columns = st.columns(4)
    if before:
        before(columns[0])
    sure, enough = columns[1:3] if before else columns[:2]
    levels = sorted({*LEVELS, gate.level})
    level = sure.selectbox(
        "Sure to",
        levels,
        index=levels.index(start(key("level"), gate.level)),
        format_func=lambda each: f"{100 * each:g} %",
        key=key("level"),
    )
    votes = enough.number_input(
        "Decisive votes at least", 1, 100_000, start(key("min-decisive"), gate.min_decisive), key=key("min-decisive")
    )
    margins = {guard.metric: guard.margin for guard in gate.guards}
    least = {each.metric: each.at_least for each in gate.thresholds}
    reached: dict[str, float | None] = {}
    fallen: dict[str, float | None] = {}
    for column, (metric, title) in zip(st.columns(3), GATED.items(), strict=True):
        for kept, of, words in ((reached, least, "must reach"), (fallen, margins, "may fall by")):
            name = key(f"{'least' if of is least else 'guard'}-{metric}")
            kept[metric] = column.number_input(
                f"{title} {words}", 0.0, 1.0, start(name, of.get(metric)), 0.01, key=name, placeholder="no rule"
            )
    return project_form.gate(settings.gate, level=level, min_decisive=int(votes), margins=fallen, least=reached)
