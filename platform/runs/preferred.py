"""What people preferred, as rows to learn from: which items are learnt, which go on testing, what is left out and why.

Judgements stand on test items. Learning from one burns it: it, and every other test item of its group (its document,
its customer), can test neither the model that comes of it nor one that follows. So some groups are kept back to test.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from hone.labeling.batches.duplicates import normalised
from hone.platform.runs.material import row_of, rows_by_split
from hone.storage import batches, matchups, models, pairs, reviews
from hone.storage.batches import Batch, BatchItem
from hone.storage.filters import PairFilter
from hone.storage.matchups import Judgement, MatchupSet
from hone.storage.models import Model
from hone.storage.pairs import Pair
from hone.storage.projects import Project
from hone.storage.records import Record, sha256
from hone.storage.store import Cursor
from hone.training.folder import Row, Split

Objective: TypeAlias = Literal["dpo", "kto"]
LEAST = 8  # of each kind; fewer teach the model these very texts
LEAVE = 10  # test items that are left, unless the lead says otherwise
HELD_OUT = 0.15  # of the items: they say whether the rest taught anything


class Learnable(Record):
    """The rows of a preference run.

    `learnt` are the pair ids of all test items that are burnt by it, in every batch: more than the rows, whole groups.
    Of the batch's own test items `spent` are burnt and `left` go on testing. `good` and `bad` count the texts, of dpo
    as many of both. `left_out` counts by reason.
    """

    rows: dict[Split, tuple[Row, ...]]
    learnt: tuple[str, ...] = ()
    spent: int = 0
    left: int
    good: int
    bad: int
    left_out: dict[str, int]


class Preferred(Record):
    """A judged item of which more reviewers preferred one answer."""

    item: BatchItem
    chosen: str
    rejected: str


def from_matchups(
    cursor: Cursor, project: Project, made: MatchupSet, parent: Model, objective: Objective, leave: int = LEAVE
) -> Learnable:
    """The rows of a judged set. An item counts once, by the majority of its decisive votes, however strong they are.

    Args:
        cursor: Within a read.
        project: Of the set; its seed draws the groups.
        made: The set; it need not be finished.
        parent: What is trained on; items that it has learnt already test nothing.
        objective: dpo takes an item as a row; kto takes the better answer as a good row, the other as a bad one.
        leave: Groups are kept back, in a seeded order, until so many test items are left.
    """
    tests = batches.items(cursor, made.batch_id, "test")
    preferred, left_out = _preferred(cursor, made, {item.pair_id: item for item in tests})
    gone = models.learnt_items(cursor, parent)
    alive = Counter(item.group for item in tests if item.pair_id not in gone)
    order = _shuffled({each.item.group for each in preferred}, project.settings.seed)
    kept = _kept_back(order, alive, leave)
    learning = [each for each in preferred if each.item.group not in kept]
    if len(learning) < len(preferred):
        left_out["kept back to test"] = len(preferred) - len(learning)
    burnt = {each.item.group for each in learning}
    checking = _held_out([group for group in order if group in burnt], Counter(each.item.group for each in learning))
    rows = {
        split: [each for each in learning if (each.item.group in checking) == (split == "validation")]
        for split in ("train", "validation")
    }
    left = [item for item in tests if item.group not in burnt and item.pair_id not in gone]
    made_rows: dict[Split, tuple[Row, ...]] = {
        "train": tuple(row for each in rows["train"] for row in _rows(each, objective)),
        "validation": tuple(row for each in rows["validation"] for row in _rows(each, objective)),
        "test": tuple(row_of(item) for item in left),
    }
    return Learnable(
        rows=made_rows,
        learnt=_tests_of(cursor, project, burnt),
        spent=sum(count for group, count in alive.items() if group in burnt),
        left=len(left),
        good=len(learning),
        bad=len(learning),
        left_out=left_out,
    )


def from_reviews(cursor: Cursor, project: Project, batch: Batch, parent: Model) -> Learnable:
    """The rows of a batch's approvals and of the project's rejections, for kto.

    Good are the batch's train and validation rows. Bad are rejected pairs with the text that was rejected; one whose
    group is in the batch's validation split goes there, one of a test group or with a test item's prompt stays out.
    Items that the parent has learnt by preference test nothing more.
    """
    items = batches.items(cursor, batch.id)
    split_of = {**batches.splits_of_groups(cursor, project.id), **{item.group: item.split for item in items}}
    asked = {_prompt(item) for item in items if item.split == "test"}
    left_out: Counter[str] = Counter()
    bad: dict[str, list[Row]] = {"train": [], "validation": []}
    for row in _rejected(cursor, project):
        split = split_of.get(row.group, "train")
        if not row.response.strip():
            left_out["rejected without a response"] += 1
        elif split == "test" or _prompt(row) in asked:
            left_out["rejected of a group or a prompt that tests"] += 1
        else:
            bad[split].append(row)
    gone = models.learnt_items(cursor, parent)
    rows = rows_by_split(items)
    good = {
        "train": [row.model_copy(update={"good": True}) for row in rows["train"]],
        "validation": [row.model_copy(update={"good": True}) for row in rows["validation"]],
    }
    tests = [row for row in rows["test"] if row.id not in gone]
    return Learnable(
        rows={
            "train": (*good["train"], *bad["train"]),
            "validation": (*good["validation"], *bad["validation"]),
            "test": tuple(tests),
        },
        left=len(tests),
        good=len(good["train"]),
        bad=len(bad["train"]),
        left_out=dict(left_out),
    )


def _preferred(
    cursor: Cursor, made: MatchupSet, items: Mapping[str, BatchItem]
) -> tuple[list[Preferred], dict[str, int]]:
    """The items of a set with a preference, in the batch's order, and how many have none that can be learnt."""
    votes: dict[str, list[Judgement]] = {}
    for given in matchups.current(cursor, made.id):
        votes.setdefault(given.matchup_id, []).append(given)
    cut = {
        side: {pair_id for pair_id, answer in answers.items() if answer.finish != "stop"}
        for side, candidate in (("new", made.new_candidate), ("old", made.old_candidate))
        if (answers := models.generations(cursor, candidate, made.batch_id))
    }
    found, left_out = [], Counter({"with the same answer twice": made.identical} if made.identical else {})
    for matchup in matchups.matchups(cursor, made.id):
        new = _won(votes.get(matchup.id, []))
        chosen, rejected = (matchup.new_text, matchup.old_text) if new > 0 else (matchup.old_text, matchup.new_text)
        reason = _no_use(votes.get(matchup.id, []), new, chosen, rejected)
        if reason is None and matchup.pair_id in cut.get("new" if new > 0 else "old", ()):
            reason = "whose better answer was cut off"
        if reason:
            left_out[reason] += 1
        else:
            found.append(Preferred(item=items[matchup.pair_id], chosen=chosen, rejected=rejected))
    return sorted(found, key=lambda each: each.item.position), dict(left_out)


def _won(given: Sequence[Judgement]) -> int:
    """Decisive votes for the new model's answer less those for the old one's."""
    return sum(1 if (each.choice == "left") == (each.left_side == "new") else -1 for each in given if _decisive(each))


def _decisive(given: Judgement) -> bool:
    return given.choice in ("left", "right")


def _no_use(given: Sequence[Judgement], new: int, chosen: str, rejected: str) -> str | None:
    """Why a matchup teaches nothing; None when it does."""
    if not any(each.choice != "skip" for each in given):
        return "not judged yet"
    if not new:
        return "without a clear preference"
    if not chosen.strip() or not rejected.strip():
        return "with an empty answer"
    return "with the same answer twice" if chosen.strip() == rejected.strip() else None


def _shuffled(groups: set[str], seed: int) -> list[str]:
    return sorted(groups, key=lambda group: sha256("preference", str(seed), group))


def _kept_back(order: Sequence[str], alive: Mapping[str, int], leave: int) -> set[str]:
    """The first groups, so many that at least `leave` test items are left."""
    kept: set[str] = set()
    left = sum(count for group, count in alive.items() if group not in set(order))
    for group in order:
        if left >= leave:
            break
        kept.add(group)
        left += alive.get(group, 0)
    return kept


def _held_out(order: Sequence[str], items: Mapping[str, int]) -> set[str]:
    """The last groups, so many that a share of HELD_OUT of the items is held out; never all."""
    held: set[str] = set()
    for group in reversed(order[1:]):
        if sum(items[each] for each in held) >= HELD_OUT * sum(items.values()):
            break
        held.add(group)
    return held


def _tests_of(cursor: Cursor, project: Project, groups: set[str]) -> tuple[str, ...]:
    """The ids of all test items of these groups, in every batch of the project."""
    found = {
        item.pair_id
        for batch in batches.listing(cursor, project.id)
        for item in batches.items(cursor, batch.id, "test")
        if item.group in groups
    }
    return tuple(sorted(found))


def _rows(each: Preferred, objective: Objective) -> tuple[Row, ...]:
    row = row_of(each.item)
    if objective == "dpo":
        return (row.model_copy(update={"response": each.chosen, "rejected": each.rejected}),)
    return (
        row.model_copy(update={"response": each.chosen, "good": True}),
        row.model_copy(update={"id": f"{row.id} other", "response": each.rejected, "good": False}),
    )


def _prompt(row: BatchItem | Row) -> tuple[str, str]:
    return normalised(row.instruction), normalised(row.context)


def _rejected(cursor: Cursor, project: Project) -> list[Row]:
    """The rejected pairs of the project, each with the text that was rejected last."""
    found = pairs.listing(cursor, project.id, PairFilter(states=("rejected",)), limit=pairs.MOST)
    said = reviews.current_of(cursor, [pair.id for pair in found])
    text_of = {pair.id: _rejected_text(pair, said.get(pair.id, [])) for pair in found}
    texts = pairs.texts(cursor, sorted(set(text_of.values())))
    return [
        Row(
            id=pair.id,
            instruction=texts[text_of[pair.id]].instruction,
            context=texts[text_of[pair.id]].context,
            response=texts[text_of[pair.id]].response,
            group=pair.group or f"pair {pair.id}",
            good=False,
        )
        for pair in found
    ]


def _rejected_text(pair: Pair, said: Sequence[reviews.Review]) -> str:
    """The id of the text; the pair's first one where a lead alone rejected it."""
    rejections = [each for each in said if each.round == pair.round and each.decision == "reject"]
    return rejections[-1].revision_id if rejections else pair.first_revision
