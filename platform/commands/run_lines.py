"""A run as lines of text: what its page shows, on the command line."""

from collections.abc import Iterator, Sequence
from typing import Any

from hone.platform import run_words
from hone.platform.chain_words import method_words
from hone.platform.commands import terminal
from hone.platform.run_answers import Told
from hone.platform.run_view import RunView
from hone.platform.runs.searched import at_an_end
from hone.platform.words import figure
from hone.training.config import SearchConfig
from hone.training.searching.space import in_words

ROWS = 5  # of a warning; `--json` has all
SAID = 160  # characters of an answer


def lines(seen: RunView) -> Iterator[str]:
    """Where the run stands, its figures and what they say, its plan, its warnings, what it kept and left."""
    found = seen.numbers
    run = found.run
    yield f"Run {run.number}, {run_words.what(seen)}: {run.status}. {run.message}".rstrip()
    if not found.ended:
        yield f"  {run_words.where(found)}"
    if run.kind == "train":
        yield _fact("learns", f"{method_words(run.config)}, on {seen.parent}")
        yield from _training(seen)
    elif run.status != "waiting":
        if run.kind != "search":
            yield _fact("tokens a second", figure(found.tokens_per_second, 0))
        yield _fact("took", run_words.took(run))
    for remark in seen.course.remarks:
        yield f"  {remark.says} {remark.next}"
    if seen.plan:
        yield f"  {run_words.plan(seen.plan)}"
    for warning in (*seen.warnings, *([seen.failed] if seen.failed else [])):
        yield from _warning(warning)
    yield from _left(seen)
    yield _fact("settings", f"{seen.left.folder}/config.json")


def tell_trials(run: dict[str, Any], trials: Sequence[dict[str, Any]]) -> None:
    """Those of a search as a table, the best first, what has no loss last; nothing when there are none."""
    ordered = sorted(trials, key=lambda trial: (trial["loss"] is None, trial["loss"] or 0.0, trial["number"]))
    if ordered:
        terminal.table((">trial", ">loss", ">spread", "state", ">seconds", "settings"), map(_trial, ordered))
    if run["kind"] == "search" and run["status"] == "done":
        config, best = SearchConfig.model_validate(run["config"]), run["result"]["best"]
        if said := at_an_end(config, best["settings"]):
            terminal.say(said)


def _trial(trial: dict[str, Any]) -> tuple[object, ...]:
    figures = [None if trial[name] is None else f"{trial[name]:.4f}" for name in ("loss", "spread")]
    said = f"{in_words(trial['settings'])}{': ' if trial['reason'] else ''}{trial['reason']}"
    return trial["number"], *figures, trial["state"], f"{trial['seconds']:.1f}", said


def _training(seen: RunView) -> Iterator[str]:
    if seen.numbers.run.status == "waiting":
        return
    for name, value, under in run_words.main_figures(seen.numbers):
        yield _fact(name.lower(), f"{value}  {under}".rstrip())
    for name, value in run_words.small_figures(seen.numbers):
        yield _fact(name, value)
    for sample in seen.sampled[:2]:
        step, text = sample.answers[-1]
        yield _fact(f"pair {sample.number or '?'}, step {step}", " ".join(text.split())[:SAID])


def _warning(warning: Told) -> Iterator[str]:
    yield f"  note: {warning.says}"
    for row in warning.rows[:ROWS]:
        yield f"    {f'pair {row.number}' if row.number else row.pair_id}{f': {row.says}' if row.says else ''}"
    if len(warning.rows) > ROWS:
        yield f"    and {len(warning.rows) - ROWS:,} more"


def _left(seen: RunView) -> Iterator[str]:
    left = seen.left
    for each in left.kept:
        yield _fact("this batch" if each.own else "earlier", run_words.kept(each, left.measure))
    for said in filter(None, map(run_words.forgets, left.kept)):
        yield f"  {said}"
    if left.plain:
        yield _fact("plain English", f"loss {figure(left.plain[0], 2)} before, {figure(left.plain[1], 2)} after")
    if left.model_folder and seen.numbers.run.kind == "train":
        yield _fact("model", left.model_folder)


def _fact(name: str, value: str) -> str:
    return f"  {name:<20} {value}"
