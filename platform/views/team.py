"""Team: how far the experts agree, and what would help whom. In the order of the alphabet; nobody is ranked."""

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from hone.platform.frame import figures, parts, shell
from hone.platform.frame.safe_html import esc
from hone.storage import quality
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Undefined
from hone.storage.store import Store

if TYPE_CHECKING:  # statistics take a second to import: only when the page is drawn
    from hone.evaluation.edits import EditAgreement
    from hone.platform.team import ExpertFigures, TeamFigures

REMEMBERED = 60  # seconds that figures are kept while nobody reviews
MATRIX = 12  # experts up to which every two are shown


def page() -> None:
    """Draw the team of the project."""
    person = shell.signed_in("lead")
    project = shell.project(person)
    parts.heading(
        "Team",
        "How far the experts agree, and where a word would help. Each of them sees their own figures on My work.",
    )
    with shell.trouble():
        with shell.store().read() as cursor:
            given = quality.answers_given(cursor)
        seen = _figures(shell.store(), person, project, project.id, project.version, given)
        if not seen.opinions:
            parts.empty("No opinions yet", "When experts have reviewed some pairs, this page says how far they agree.")
            shell.way_on("pairs", "See the pairs")
            return
        _agreement(seen)
        _experts(seen, project)
        _two_by_two(seen)
        _over_time(seen)


@st.cache_data(ttl=REMEMBERED, max_entries=20, show_spinner=False)
def _figures(
    _store: Store,
    _person: Person,
    _project: Project,
    project_id: str,  # noqa: ARG001  # this and the next two are what the figures are remembered by
    version: int,  # noqa: ARG001
    given: int,  # noqa: ARG001
) -> "TeamFigures":
    from hone.platform.team import team_figures

    return team_figures(_store, _project, _person)


def _agreement(seen: "TeamFigures") -> None:
    which = "newest " if seen.capped else ""
    parts.section(
        "Agreement",
        f"Of the {which}{seen.opinions:,} opinions: items on which two or more spoke. Alpha is 1 when all say the same "
        f"and 0 when they agree as often as chance would; fewer than {seen.small} items are called few.",
    )
    heads = ("Question", "Items", "Same answer", "Krippendorff's alpha", "95 % interval")
    parts.table(heads, figures.measured((seen.decisions, *seen.dimensions)), right=(1, 2, 3))
    parts.note("The same answer often, and yet a low alpha: nearly all answers are one and the same.")
    parts.note(f"Edited texts: {texts(seen.edits)}")


def texts(edits: "EditAgreement") -> str:
    """How alike the experts' texts are, in a sentence."""
    from hone.evaluation.figures import percent

    same, alike, rouge = edits.same, edits.similarity, edits.rouge_l
    if isinstance(same, Undefined) or isinstance(alike, Undefined) or isinstance(rouge, Undefined):
        return "no item yet that somebody changed and two approved."
    few = figures.few(edits.items)
    return (
        f"of {parts.count(edits.items, 'item')}{few} that somebody changed and two approved, "
        f"{percent(same.value)} of the versions have the same words; word by word they are "
        f"{percent(alike.value)} alike (ROUGE-L {percent(rouge.value)})."
    )


def _experts(seen: "TeamFigures", project: Project) -> None:
    parts.section(
        "Experts",
        "In the order of the alphabet. Point at a figure for its interval. A change is called moved when its interval "
        "leaves out 0; of twenty people who do not change, one is called so by chance.",
    )
    heads = (
        "Expert",
        "Opinions",
        "Approved",
        "Edited",
        "As others",
        "Gold",
        "Repeats",
        "Corrected",
        "Too fast",
        "Drift",
    )
    parts.table(heads, [_expert(each) for each in seen.experts], right=tuple(range(1, 10)))
    parts.note(
        "As others: decisions that are the same as another expert's on the item. Gold: decisions that are known to be "
        "right. Repeats: the same decision when a pair came again. Corrected: sent back or overruled, of those that a "
        f"lead looked at. Too fast: under {project.settings.fast_seconds:g} s; it is counted, and nothing follows "
        "from it. Drift: change in the share of approvals against the others' on the same items, in points."
    )


def _expert(each: "ExpertFigures") -> list[str]:
    mark = parts.chip("example account", "unsure") if each.example else ""
    return [
        f"<b>{esc(each.full_name)}</b> {mark}",
        f"{each.done:,}",
        _part(each.approved, each.done),
        _part(each.edited, each.done),
        figures.share(each.agreeing),
        figures.share(each.gold.decisions),
        figures.share(each.repeats.decisions),
        figures.share(each.corrected.rate),
        figures.share(each.fast),
        figures.moved(each.drift.approvals, 100),
    ]


def _part(count: int, total: int) -> str:
    return f"{round(100 * count / total)}\u202f%" if total else figures.DASH


def _two_by_two(seen: "TeamFigures") -> None:
    if not seen.pairs:
        return
    names = {each.name: each.full_name for each in seen.experts}
    parts.section("Two by two", "Cohen's kappa of the decisions of every two experts, and on how many items it rests.")
    involved = sorted({name for pair in seen.pairs for name in (pair.a, pair.b)})
    if len(involved) > MATRIX:
        rows = [
            [esc(names.get(p.a, p.a)), esc(names.get(p.b, p.b)), f"{p.n:,}{figures.few(p.n)}", _kappa(p.kappa)]
            for p in sorted(seen.pairs, key=lambda pair: -pair.n)[:50]
        ]
        parts.table(("Expert", "and", "Items", "Kappa"), rows, right=(2, 3))
        return
    cells = {frozenset((pair.a, pair.b)): pair for pair in seen.pairs}

    def cell(a: str, b: str) -> str:
        pair = cells.get(frozenset((a, b)))
        if pair is None or a == b:
            return figures.DASH
        return f'<span class="h-figure">{_kappa(pair.kappa)}<em>{pair.n:,} items{figures.few(pair.n)}</em></span>'

    parts.table(
        ("", *(names.get(name, name) for name in involved)),
        [[f"<b>{esc(names.get(a, a))}</b>", *(cell(a, b) for b in involved)] for a in involved],
        right=tuple(range(1, len(involved) + 1)),
    )


def _kappa(kappa: float | Undefined) -> str:
    if isinstance(kappa, Undefined):
        return f'<span class="h-faint">{esc(kappa.undefined)}</span>'
    return f"<b>{figures.signless(kappa)}</b>"


def _over_time(seen: "TeamFigures") -> None:
    if len(seen.spans) < 2:
        return
    parts.section("Over time", "Alpha of the decisions on items that follow one another.")
    rows = [
        [
            _when(span.since, span.until),
            f"{span.items:,}{figures.few(span.items)}",
            figures.percent(span.raw),
            figures.number(span.alpha),
            figures.interval(span.alpha),
        ]
        for span in seen.spans
    ]
    parts.table(("Last opinions", "Items", "Same answer", "Alpha", "95 % interval"), rows, right=(1, 2, 3))


def _when(since: datetime, until: datetime) -> str:
    if since.date() == until.date():
        return f"{since:%d %B %Y, %H:%M} to {until:%H:%M}"
    return f"{since:%d %B %Y} to {until:%d %B %Y}"
