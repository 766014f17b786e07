"""The tab Rules of the page Project: who decides, in which order, how many pairs, and when a model is better."""

from functools import partial
from typing import Any

import streamlit as st

from hone.platform import aiming, declared
from hone.platform.frame import parts, project_form
from hone.platform.frame.project_form import ORDERS, SUGGESTIONS, TASKS
from hone.platform.views import project_gate
from hone.platform.views.project_parts import change, key
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings


def rules(project: Project, person: Person) -> None:
    """Draw the rules, declared before anyone looks at a result."""
    parts.note(f"Now: {project_form.rule(project.settings)} Declare rules before anyone looks at a result.")
    with st.form(key(project, "form-rules")):
        changes = {
            **_who_decides(project),
            **_work(project),
            **_how_many(project),
            **_test(project),
            **_model(project),
        }
        if st.form_submit_button("Save"):
            _save(project, person, changes)


def _save(project: Project, person: Person, changes: dict[str, Any]) -> None:
    """Store the rules; the reason for the number of pairs follows from them."""
    texts = {"training": project_form.settings_of(str(changes["training"]))}
    wanted = declared.changed(project.settings, {**changes, **texts})
    told = aiming.reason(wanted.aim, wanted) if wanted.aim else ""
    change(project, person, {**changes, **texts, "aim_reason": told})


def _who_decides(project: Project) -> dict[str, Any]:
    settings = project.settings
    parts.section("Who decides", "A pair is approved or rejected as soon as so many agree; else a lead decides.")
    one, two, three, four = st.columns([1, 1, 1.6, 1.2], vertical_alignment="bottom")
    return {
        "overlap": one.number_input("Experts for each pair", 1, 9, settings.overlap, key=key(project, "overlap")),
        "agree": two.number_input("Of them must agree", 1, 9, settings.agree, key=key(project, "agree")),
        "order": three.selectbox(
            "Which pairs come first",
            list(ORDERS),
            index=list(ORDERS).index(settings.order),
            format_func=ORDERS.__getitem__,
            key=key(project, "order"),
        ),
        "sign_off": four.checkbox("A lead signs off", settings.sign_off, key=key(project, "sign-off")),
    }


def _work(project: Project) -> dict[str, Any]:
    settings = project.settings
    parts.section(
        "Quality of the work",
        "Gold pairs have a known right decision; repeats show whether one agrees with oneself. Neither counts as work "
        "on the pair. Both shares together: half at most.",
    )
    one, two, three, four = st.columns([1, 1, 1.2, 1.6])
    gold = one.number_input("Gold pairs, %", 0, 50, round(100 * settings.gold_rate), key=key(project, "gold"))
    again = two.number_input("Hidden repeats, %", 0, 50, round(100 * settings.repeat_rate), key=key(project, "again"))
    return {
        "gold_rate": gold / 100,
        "repeat_rate": again / 100,
        "fast_seconds": three.number_input(
            "Too fast: under (seconds)",
            0.0,
            600.0,
            float(settings.fast_seconds),
            1.0,
            format="%g",
            key=key(project, "fast"),
        ),
        "suggestions": four.selectbox(
            "A model's answer, where there is none, is shown",
            list(SUGGESTIONS),
            index=list(SUGGESTIONS).index(settings.suggestions),
            format_func=SUGGESTIONS.__getitem__,
            key=key(project, "suggestions"),
        ),
    }


def _how_many(project: Project) -> dict[str, Any]:
    settings = project.settings
    parts.section("How many pairs", _needed(settings))
    aim = st.number_input(
        "Approved pairs to reach",
        1,
        10_000_000,
        settings.aim,
        key=key(project, "aim"),
        placeholder="no aim",
        width=220,
    )
    parts.note(settings.aim_reason)
    return {"aim": None if aim is None else int(aim)}


def _needed(settings: ProjectSettings) -> str:
    """What each difference worth finding would need, under the rules as they are."""
    wins = _or([f"{100 * share:g}" for share in aiming.PREFERENCES])
    pairs = _or([f"{aiming.pairs_for(share, settings):,}" for share in aiming.PREFERENCES])
    return f"To find a model that wins {wins} of 100 comparisons takes {pairs} approved pairs."


def _or(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _test(project: Project) -> dict[str, Any]:
    settings = project.settings
    parts.section(
        "The test",
        "A group (a document, an author, a customer) is never cut: it goes whole into one split, and the shares of "
        "pairs come out as near to these as the groups allow.",
    )
    shares = [
        column.number_input(f"{name}, % of pairs", 1, 98, round(100 * share), key=key(project, f"share-{name}"))
        for column, name, share in zip(st.columns(4), ("Train", "Validation", "Test"), settings.fractions, strict=False)
    ]
    parts.section("When a model is better", "Left empty, a metric has no rule.")
    judges: list[int] = []

    def reviewers(column: Any) -> None:
        given = column.number_input("Reviewers for each matchup", 1, 9, settings.judges, key=key(project, "judges"))
        judges.append(given)

    gate = project_gate.fields(settings, partial(key, project), lambda _, value: value, reviewers)
    return {"fractions": tuple(share / 100 for share in shares), "judges": judges[0], "gate": gate}


def _model(project: Project) -> dict[str, Any]:
    settings = project.settings
    with st.expander("Task, prompt and training"):
        kinds = list(TASKS)
        task = st.selectbox(
            "Kind of task",
            kinds,
            index=kinds.index(settings.task),
            format_func=TASKS.__getitem__,
            key=key(project, "task"),
        )
        labels = st.text_area(
            "Labels of a classification, one in a line",
            "\n".join(settings.labels),
            key=key(project, "labels"),
            height=90,
        )
        template = st.text_area("Prompt template", settings.template, key=key(project, "template"), height=200)
        training = st.text_area(
            "Training settings, one key=value in a line",
            "\n".join(f"{name}={value}" for name, value in settings.training.items()),
            key=key(project, "training"),
            placeholder="base=toy\npreset=quick",
            height=100,
        )
    return {"task": task, "labels": project_form.lines(labels), "template": template, "training": training}
