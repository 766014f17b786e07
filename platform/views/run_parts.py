"""The parts of a run's page that change rarely: answers by step, what was kept, the plan, warnings, files, facts."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from hone.evaluation.keeping import ENOUGH
from hone.platform import run_words
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, esc
from hone.platform.run_answers import RowTold, Sampled, Told
from hone.platform.run_result import Kept, Left
from hone.platform.run_view import RunView
from hone.platform.words import figure
from hone.training.config import TrainConfig

PAIRS_SHOWN = 2  # of those that are answered at each evaluation
STEPS_SHOWN = 5
LONGEST = 320  # characters of an answer in the table


def small_figures(*figures: tuple[str, str]) -> None:
    """A line of figures that are good to know: (name, value)."""
    if figures:
        told = "".join(f"<span>{esc(name)} <b>{esc(value)}</b></span>" for name, value in figures)
        st.html(f'<div class="h-facts">{told}</div>')


def samples(seen: RunView) -> None:
    """What the model answers to the same few pairs as it learns, the oldest answer first, and what an expert would."""
    if not seen.sampled:
        return
    parts.section("What it answers meanwhile", "To validation pairs, which are not learnt from.")
    longest = max(len(each.answers) for each in seen.sampled)
    every = longest > STEPS_SHOWN and st.toggle(f"All {longest} evaluations", key="run-every-sample")
    first, more = seen.sampled[:PAIRS_SHOWN], seen.sampled[PAIRS_SHOWN:]
    columns = st.columns(len(first), gap="medium")
    for column, each in zip(columns, first, strict=True):
        with column:
            _sample(each, every)
    if more:
        with st.expander(f"{parts.count(len(more), 'more pair')}"):
            for each in more:
                _sample(each, every)


def _sample(each: Sampled, every: bool) -> None:
    with st.container(key=f"card-sample-{each.pair_id}"):
        name = f"Pair {each.number}" if each.number else "A pair that is gone"
        with st.container(horizontal=True, vertical_alignment="center"):
            asked = f'<div class="h-small">{esc(clipped(each.instruction, 90))}</div>' if each.instruction else ""
            st.html(f"<b>{name}</b>{asked}", width="stretch")
            if each.number:
                _to_pair(each.pair_id, f"sample-{each.pair_id}", "Open")
        rows = [(f"step {step:,}", esc(clipped(text, LONGEST)) or "<i>no word</i>") for step, text in _few(each, every)]
        if each.expected:
            rows.append(("expert", f'<span class="h-good">{esc(clipped(each.expected, LONGEST))}</span>'))
        body = "".join(f'<tr><th scope="row">{about}</th><td>{text}</td></tr>' for about, text in rows)
        st.html(f'<table class="h-table h-by-step"><tbody>{body}</tbody></table>')


def _few(each: Sampled, every: bool) -> list[tuple[int, str]]:
    """The first, the last, and some evenly between them."""
    said = list(each.answers)
    if every or len(said) <= STEPS_SHOWN:
        return said
    places = [round(index * (len(said) - 1) / (STEPS_SHOWN - 1)) for index in range(STEPS_SHOWN)]
    return [said[place] for place in dict.fromkeys(places)]


def _to_pair(pair_id: str, key: str, label: str) -> None:
    if shell.can_go("pairs") and st.button(label, key=f"to-{key}", type="tertiary"):
        shell.go_inside("pairs", pair_id)


def kept(left: Left) -> None:
    """The test splits before and after, and what is left of what earlier iterations could."""
    if not left.kept and left.plain is None:
        return
    parts.section(
        "What it learnt, and what it kept",
        "The test splits of this batch and of earlier ones, asked before the first step and after the last.",
    )
    if left.kept:
        for said in filter(None, map(run_words.forgets, left.kept)):
            parts.message(said, "unsure")
        measure = left.measure[:1].upper() + left.measure[1:]
        heads = ("Test split", "Items", f"{measure} before", "after", "Kept", "Loss before", "after")
        with st.container(key="card-kept"):
            parts.table(heads, [_kept_row(each) for each in left.kept], right=(1, 2, 3, 4, 5, 6))
    if left.plain:
        before, after = left.plain
        parts.note(f"Loss on plain English: {before:.2f} before, {after:.2f} after (nats per token; lower is better).")


def _kept_row(each: Kept) -> list[str]:
    which = "this batch" if each.own else "earlier"
    share = "" if each.own else "not known" if each.share is None else f"{each.share:.0%}"
    tone = "h-unsure" if each.share is not None and each.share < ENOUGH else ""
    scores = [figure(each.score_before, 2), figure(each.score_after, 2)]
    losses = [figure(each.loss_before, 2), figure(each.loss_after, 2)]
    name = f'Batch {each.batch} <span class="h-faint">{which}</span>'
    return [name, f"{each.items:,}", *scores, f'<b class="{tone}">{share}</b>', *losses]


def plan(found: Mapping[str, Any]) -> None:
    """What the run decided before its first step, in one sentence, and what it tried."""
    if not found:
        return
    parts.note(run_words.plan(found))
    if variants := found.get("variants"):
        with st.expander("What was tried"):
            heads = ("Precision", "Batching", "Tokens a second", "")
            parts.table(heads, [_variant(each) for each in variants], right=(2,))


def _variant(each: Mapping[str, Any]) -> list[str]:
    rate = each.get("tokens_per_second")
    speed = f"{rate:,.0f}" if rate else "–"
    return [esc(each.get("precision", "")), esc(each.get("batching", "")), speed, esc(each.get("said", ""))]


def warnings(told: tuple[Told, ...]) -> None:
    """What the run warned of, each with its rows."""
    for index, warning in enumerate(told):
        parts.message(warning.says, "unsure")
        rows(warning.rows, f"warning-{index}")


def rows(told: tuple[RowTold, ...], key: str) -> None:
    """The rows that something is said of, folded."""
    if told:
        with st.expander(f"The {parts.count(len(told), 'row')}", key=f"rows-{key}"):
            cells = [[f"Pair {each.number}" if each.number else esc(each.pair_id), esc(each.says)] for each in told]
            parts.table(("Row", ""), cells[:200])
            if len(told) > 200:
                parts.note(f"And {len(told) - 200:,} more: the run's result lists all.")


def files(seen: RunView) -> None:
    """Where the model lies, and what can be taken away."""
    left, number = seen.left, seen.numbers.run.number
    if seen.numbers.run.kind == "train" and left.model_folder:
        parts.section("The model", "A folder of its own: weights, tokenizer, prompt, and a card that says what it is.")
        st.code(left.model_folder, language=None, wrap_lines=True)
    with shell.row():
        if left.card:
            name = f"hone-run-{number}-model-card.md"
            st.download_button(
                "Download the model card", left.card, name, "text/markdown", key="take-card", on_click="ignore"
            )
        if left.result_text:
            name = f"hone-run-{number}-result.json"
            st.download_button(
                "Download result.json", left.result_text, name, "application/json", key="take-result", on_click="ignore"
            )
    if left.card:
        with st.expander("Model card"):
            st.code(left.card, language=None, wrap_lines=True)


def facts(seen: RunView) -> None:
    """Settings, result and log, folded; where the run's folder is."""
    run = seen.numbers.run
    if run.result:
        with st.expander("Result, all figures"):
            st.code(_lines(run.result), language=None, wrap_lines=True)
    with st.expander(f"Settings{_changed(run.config)}"):
        st.code(_lines(run.config), language=None, wrap_lines=True)
    if seen.log:
        with st.expander("Log, the last lines"):
            st.code(seen.log, language=None, wrap_lines=True)
    parts.note(f"All that this run read and wrote lies in {seen.left.folder}")


def _changed(config: Mapping[str, Any]) -> str:
    """How many settings are not the usual ones."""
    fields = TrainConfig.model_fields
    told = ("run", "base", "base_sha256", "template", "threads", "kind")
    other = [name for name in fields if name in config and name not in told and config[name] != _usual(name)]
    return f", {len(other)} of them not the usual ones" if other else ""


def _usual(name: str) -> Any:
    value = TrainConfig.model_fields[name].get_default()
    return list(value) if isinstance(value, tuple) else value  # pyright: ignore


def _lines(facts: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if name != "template")
