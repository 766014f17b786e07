"""Home: the loop as a picture, where this iteration stands, and what is next for the person who looks."""

import streamlit as st

from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import esc
from hone.platform.overview import Overview, Station, Todo, overview


def page() -> None:
    """Draw Home."""
    person = shell.signed_in()
    project = shell.project(person)
    seen = overview(shell.store(), project, person)
    parts.heading(project.name, project.settings.purpose, eyebrow=f"Iteration {seen.iteration}")
    shell.said()
    if seen.example_data:
        parts.message(
            "Example data: the pairs are of our own writing, and the opinions of the example experts and reviewers "
            "were recorded beforehand. Models, metrics and reports were computed here.",
            "unsure",
        )
    st.html(picture(seen.stations))
    if seen.todo:
        parts.section("Next for you")
        _todo(seen.todo)
    _trend(seen)


def picture(stations: tuple[Station, ...]) -> str:
    """The loop as HTML: eight stops, arrows between them, the one where it stands marked."""
    return f'<div class="h-loop" role="list" aria-label="The loop">{"".join(map(_stop, stations))}</div>'


def _stop(station: Station) -> str:
    word = " h-word" if not any(sign.isdigit() for sign in station.figure) else ""
    part = parts.bar(*station.part) if station.part else ""
    return (
        f'<div class="h-stop {station.stop} {station.state}" role="listitem" style="grid-area:{station.stop}">'
        f'<div class="h-eyebrow">{esc(station.name)}<i></i></div><b class="h-num{word}">{esc(station.figure)}</b>'
        f"<span>{esc(station.under)}</span>{part}</div>"
    )


def _todo(todo: tuple[Todo, ...]) -> None:
    columns = st.columns(max(2, len(todo)), gap="medium")
    for index, (each, column) in enumerate(zip(todo, columns, strict=False)):
        with column, st.container(key=f"card-{each.page}-{index}"):
            st.html(f'<div class="h-eyebrow">{esc(each.role)}</div><div class="h-todo">{esc(each.says)}</div>')
            if each.more:
                parts.note(each.more)
            shell.way_on(each.page, each.label, key=str(index), primary=index == 0, centred=False, inside=each.inside)


def _trend(seen: Overview) -> None:
    if not seen.trend:
        return
    from hone.evaluation.charts import trend_svg  # statistics take a second to import

    parts.section(
        "The iterations so far", "Each is judged blind against the one before it, on its own frozen test split."
    )
    st.html(f'<div class="h-card h-chart">{parts.drawn(trend_svg(seen.trend))}</div>')
