"""Where a pair stands, as the opinions of its round and the decision of a lead give it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hone.storage import pairs, projects, queue, reviews
from hone.storage.pairs import Pair, Revision, State
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import Record
from hone.storage.reviews import Adjudication, Review
from hone.storage.store import Cursor

Said: TypeAlias = tuple[str, str]  # decision, and the text when it approves


class Standing(Record):
    """The state of a pair in its round, how many opinions were given, and the text that was approved."""

    state: State
    done: int
    approved_revision: str | None = None


def standing(
    given: Sequence[Review],
    adjudication: Adjudication | None,
    overlap: int,
    agree: int,
    texts: Mapping[str, str],
) -> Standing:
    """What the opinions of one round amount to.

    As soon as `agree` of them coincide, the pair is approved or rejected; two approvals coincide when their
    texts do, apart from white space at the end. When `overlap` are in without that, it is disputed. A lead's
    adjudication ends the round whatever was said. A skip counts as nothing.

    Args:
        given: Opinions that nobody took back, the oldest first.
        adjudication: The decision that ended the round, if there is one.
        overlap: How many opinions the pair wants.
        agree: How many of them must coincide.
        texts: The response of each revision that an opinion names.
    """
    opinions = [review for review in given if review.decision in ("approve", "reject")]
    done = len(opinions)
    if adjudication is not None:
        if adjudication.decision == "reject":
            return Standing(state="rejected", done=done)
        return Standing(state="approved", done=done, approved_revision=adjudication.revision_id)
    first_with: dict[Said, str] = {}
    votes: Counter[Said] = Counter()
    for review in opinions:
        said = _said(review, texts)
        first_with.setdefault(said, review.revision_id)
        votes[said] += 1
        if votes[said] >= agree:
            if review.decision == "reject":
                return Standing(state="rejected", done=done)
            return Standing(state="approved", done=done, approved_revision=first_with[said])
    return Standing(state="disputed" if done >= overlap else "open", done=done)


def settle(cursor: Cursor, project: Project, pair_id: str) -> Standing:
    """Work out where a pair stands from its rows, and write it where the queue reads it."""
    pair = pairs.get(cursor, pair_id)
    return settle_with(cursor, project, pair, reviews.current(cursor, pair_id, pair.round))


def settle_with(cursor: Cursor, project: Project, pair: Pair, given: Sequence[Review]) -> Standing:
    """The same for a caller that has read the pair, and the opinions of its round, already."""
    # A lead decides on disputed pairs, which are settled at once: in the round of an open one nobody has.
    decided = None if pair.state == "open" else reviews.adjudication_of(cursor, pair.id, pair.round)
    found = standing(given, decided, pair.wanted, project.settings.agree, _responses(cursor, given))
    queue.set_standing(cursor, pair.id, state=found.state, done=found.done, approved_revision=found.approved_revision)
    return found


def change_settings(cursor: Cursor, project: Project, settings: ProjectSettings, by: Person) -> Project:
    """New settings of a project, and its open pairs under their rule at once.

    They want as many opinions as it says; those that have them already are settled. What is decided or
    disputed stays so.

    Raises:
        Forbidden: The person is no lead.
    """
    made = projects.change(cursor, project, settings, by)
    before, after = project.settings, made.settings
    if (before.overlap, before.agree) != (after.overlap, after.agree):
        for pair_id in queue.want(cursor, made.id, after.overlap):
            settle(cursor, made, pair_id)
    return made


def start_revision(cursor: Cursor, pair: Pair) -> Revision:
    """The text that a round starts from: what the last approving round settled on, else what was imported.

    Read from the rows alone, so everybody in a round sees the same text whatever the others do in it.
    """
    for earlier in range(pair.round - 1, 0, -1):
        decided = reviews.adjudication_of(cursor, pair.id, earlier)
        revision = decided.revision_id if decided and decided.decision == "approve" else None
        if decided is None:
            revision = _most_approved(cursor, reviews.current(cursor, pair.id, earlier))
        if revision:
            return pairs.revision(cursor, revision)
    return pairs.revision(cursor, pair.first_revision)


def _most_approved(cursor: Cursor, given: Sequence[Review]) -> str | None:
    """The text that most opinions of a round share, the first on a tie; None when most reject, or there are none."""
    opinions = [review for review in given if review.decision in ("approve", "reject")]
    texts = _responses(cursor, opinions)
    votes = Counter(_said(review, texts) for review in opinions)
    if not votes:
        return None
    most = votes.most_common(1)[0][0]  # of equal counts, the one that was met first
    return next((r.revision_id for r in opinions if r.decision == "approve" and _said(r, texts) == most), None)


def _said(review: Review, texts: Mapping[str, str]) -> Said:
    return (review.decision, texts[review.revision_id].rstrip() if review.decision == "approve" else "")


def _responses(cursor: Cursor, given: Sequence[Review]) -> dict[str, str]:
    found = pairs.texts(cursor, [review.revision_id for review in given])
    return {revision_id: revision.response for revision_id, revision in found.items()}
