"""A model's answers to open pairs: which pairs it is asked, and what the experts make of what it says."""

from collections.abc import Sequence
from statistics import median

from hone.labeling import texts
from hone.labeling.diff import changed_words
from hone.labeling.standing import start_revision
from hone.storage import pairs, suggestions
from hone.storage.models import Model
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Cursor
from hone.storage.suggestions import Open, Use

AT_MOST = 1_000  # pairs in one run, unless somebody asks for more


class Waiting(Record):
    """Open pairs to which a model has said nothing: those without a response, and those with one."""

    without: int
    given: int


class Asked(Record):
    """A pair as the model is asked: with its response it is read, without one it is answered."""

    pair_id: str
    instruction: str
    context: str
    response: str


class Taken(Record):
    """What became of a model's answers that experts had on the screen when they decided.

    `as_it_was` were approved word for word, `edited` with other words, `rejected` and `skipped` are what they say.
    `words_changed` is the median of the words added and dropped in an edited one; None when none was edited.
    """

    shown: int
    as_it_was: int
    edited: int
    rejected: int
    skipped: int
    words_changed: float | None


def waiting(cursor: Cursor, project: Project, model: Model | None) -> Waiting:
    """How many open pairs the model could be asked; None is a model that has said nothing yet."""
    without, given = suggestions.count_untold(cursor, project.id, model.id if model else "")
    return Waiting(without=without, given=given)


def choose(
    cursor: Cursor, project: Project, model: Model | None, *, answer: bool = True, read: bool = True, limit: int
) -> list[Asked]:
    """The open pairs that the model is asked next, at most `limit`: as the round starts, in the queue's order.

    Those without a response come first, unless `answer` is off; the others follow if `read` is on. Pairs that this
    model has said something to are not asked again.
    """
    model_id = model.id if model else ""
    found = suggestions.untold(cursor, project.id, model_id, bare=True, limit=limit) if answer else []
    if read and len(found) < limit:
        found += suggestions.untold(cursor, project.id, model_id, bare=False, limit=limit - len(found))
    return [_asked(cursor, each) for each in found]


def reads(project: Project) -> bool:
    """Whether the project's queue needs to know how likely its responses are."""
    return project.settings.order == "uncertain"


def taken(uses: Sequence[Use]) -> Taken:
    """Count what experts did with suggestions; see hone.storage.suggestions.uses_of_model and uses_of_run."""
    approved = [use for use in uses if use.decision == "approve"]
    changed = [sum(changed_words(u.suggested, u.response)) for u in approved if not texts.same(u.suggested, u.response)]
    return Taken(
        shown=len(uses),
        as_it_was=len(approved) - len(changed),
        edited=len(changed),
        rejected=sum(use.decision == "reject" for use in uses),
        skipped=sum(use.decision == "skip" for use in uses),
        words_changed=float(median(changed)) if changed else None,
    )


def in_words(found: Taken) -> str:
    """One line: experts saw 12 of its answers: 7 taken word for word, 3 edited (median 4 words), 2 rejected."""
    if not found.shown:
        return "No answer of it was on an expert's screen yet."
    words = "" if found.words_changed is None else f" (median {found.words_changed:g} words)"
    skipped = f", {found.skipped:,} skipped" if found.skipped else ""
    return (
        f"Experts saw {found.shown:,} of its answers: {found.as_it_was:,} taken word for word, "
        f"{found.edited:,} edited{words}, {found.rejected:,} rejected{skipped}."
    )


def _asked(cursor: Cursor, pair: Open) -> Asked:
    """An earlier round may have settled on another text than the one that was imported."""
    start = start_revision(cursor, pairs.get(cursor, pair.id)) if pair.round > 1 else pair
    return Asked(pair_id=pair.id, instruction=start.instruction, context=start.context, response=start.response)
