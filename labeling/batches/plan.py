"""What a batch would hold if it were frozen now, and why every other pair stays out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from hone.labeling.batches import duplicates, splits
from hone.labeling.batches.leaks import Like, Shingled
from hone.storage import approved, batches, flags, pairs, reviews
from hone.storage.approved import Approved
from hone.storage.batches import SPLITS, BatchItem, Exclusion, Split
from hone.storage.errors import InputError
from hone.storage.filters import PairFilter
from hone.storage.projects import Project
from hone.storage.records import Record, now
from hone.storage.reviews import Flag
from hone.storage.store import Cursor, Store

FEW_TEST_ITEMS = 30
NOT_CHOSEN = "not in the filter"


class Plan(Record):
    """What a batch would hold if it were frozen now.

    `counts` gives the pairs of each split; `left_out` counts by reason: the pairs that the filter does not mean,
    those that are not approved by their state, and the approved ones that `exclusions` name. `flagged` are the
    numbers of pairs with words that an expert flagged and nobody resolved; `leaks` how many validation items are
    nearly the same as a training item. `problem` says why it cannot be frozen. `basis` is what it rests on.
    """

    chosen: PairFilter
    made_at: datetime
    basis: str
    items: tuple[BatchItem, ...]
    exclusions: tuple[Exclusion, ...]
    counts: dict[Split, int]
    left_out: dict[str, int]
    flagged: tuple[int, ...]
    leaks: int
    warnings: tuple[str, ...]
    problem: str | None


def plan(store: Store, project: Project, wanted: PairFilter = pairs.EVERY) -> Plan:
    """What would be frozen now of the pairs that the filter means, and what not and why.

    Raises:
        InputError: The filter asks for other pairs than approved ones.
    """
    if wanted.kind != "pair" or set(wanted.states) - {"approved"}:
        raise InputError("A batch holds approved pairs only. Take kind= and other states out of the filter.")
    with store.read() as cursor:
        return _plan(cursor, project, wanted, now())


def _plan(cursor: Cursor, project: Project, wanted: PairFilter, moment: datetime) -> Plan:
    earlier = batches.splits_of_groups(cursor, project.id)
    # Those whose group was in a batch come first, so that a new copy gives way to the pair that is known.
    found = approved.listing(cursor, project.id, wanted)
    found.sort(key=lambda one: (one.group not in earlier, one.number))
    words = _Words()
    kept, exclusions = _without_duplicates(found, words)
    problem, chosen = None, dict[str, Split]()
    try:
        sizes = Counter(one.group for one in kept)
        chosen = splits.assign(
            sizes, project.settings.fractions, project.settings.seed, earlier, _labels(project, kept)
        )
    except InputError as refused:
        problem, kept = str(refused), []
    kept, alike, leaks = _without_leaks(kept, chosen, earlier, words)
    exclusions += alike
    items = _items(cursor, project, kept, chosen)
    counts: Counter[Split] = Counter(item.split for item in items)
    flagged = _flagged(cursor, project, kept)
    return Plan(
        chosen=wanted,
        made_at=moment,
        basis=approved.basis(cursor, project.id, [item.pair_id for item in items], moment),
        items=tuple(items),
        exclusions=tuple(sorted(exclusions, key=lambda left: left.pair_number)),
        counts={split: counts[split] for split in SPLITS},
        left_out={**_unapproved(cursor, project, wanted), **Counter(left.reason for left in exclusions)},
        flagged=flagged,
        leaks=leaks,
        warnings=tuple(_warnings(flagged, leaks, counts)),
        problem=problem or _emptied(counts, alike),
    )


class _Words:
    """The words of texts in lower case; a text that many pairs share is read once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, text: str) -> str:
        """The words with a blank between them."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = duplicates.normalised(text)
        return found

    def compared(self, one: Approved) -> list[str]:
        """The words by which it is compared with other pairs."""
        return duplicates.compared(one.instruction, one.context, one.response, self.of)


def _without_duplicates(found: Sequence[Approved], words: _Words) -> tuple[list[Approved], list[Exclusion]]:
    """The first of each text, and why the others stay out."""
    kept: list[Approved] = []
    out: list[Exclusion] = []
    first: dict[tuple[str, str, str], int] = {}
    for one in found:
        same = (words.of(one.instruction), words.of(one.context), words.of(one.response))
        if not one.response.strip():
            out.append(_out(one, "empty response"))
        elif same in first:
            out.append(_out(one, "duplicate", f"of #{first[same]}"))
        else:
            first[same] = one.number
            kept.append(one)
    return kept, out


def _without_leaks(
    kept: Sequence[Approved], chosen: Mapping[str, Split], earlier: Mapping[str, Split], words: _Words
) -> tuple[list[Approved], list[Exclusion], int]:
    """Leave out what is nearly the same on both sides: of train or validation and test, the side that is new.

    A model may have learnt an earlier batch already, so a new test item that is near to it would prove nothing.
    What is new on both sides, or was tested before, stays in the test. Of what is left, the third figure counts the
    validation items that are near to a training item: they are told, not left out, as no result rests on them.
    """
    texts = Shingled([words.compared(one) for one in kept])
    places = range(len(kept))
    tested = [place for place in places if chosen[kept[place].group] == "test"]
    learnt = [place for place in places if chosen[kept[place].group] != "test"]
    fresh = [place for place in tested if kept[place].group not in earlier]
    before = [place for place in learnt if kept[place].group in earlier]
    out = {
        place: _out(kept[place], "near-duplicate of an item that was learnt before", _like(kept, like))
        for place, like in texts.nearest(fresh, before).items()
    }
    for place, like in texts.nearest(learnt, [place for place in tested if place not in out]).items():
        out[place] = _out(kept[place], "near-duplicate of a test item", _like(kept, like))
    left = [place for place in learnt if place not in out]
    trained = [place for place in left if chosen[kept[place].group] == "train"]
    leaks = texts.nearest([place for place in left if chosen[kept[place].group] == "validation"], trained)
    return [kept[place] for place in places if place not in out], list(out.values()), len(leaks)


def _like(kept: Sequence[Approved], like: Like) -> str:
    return f"of #{kept[like.place].number}, {like.jaccard:.2f} alike"


def _labels(project: Project, kept: Sequence[Approved]) -> dict[str, Counter[str]] | None:
    """How many pairs of each group have each label; None when the project does not sort texts into labels."""
    if project.settings.task != "classification":
        return None
    found: dict[str, Counter[str]] = {}
    for one in kept:
        found.setdefault(one.group, Counter())[one.response.strip()] += 1
    return found


def _items(cursor: Cursor, project: Project, kept: Sequence[Approved], chosen: Mapping[str, Split]) -> list[BatchItem]:
    names = approved.approvers(cursor, project.id)
    return [
        BatchItem(
            position=position,
            pair_id=one.pair_id,
            pair_number=one.number,
            revision_id=one.revision_id,
            group=one.group,
            split=chosen[one.group],
            instruction=one.instruction,
            context=one.context,
            response=one.response,
            metadata=one.metadata,
            approvers=names.get(one.pair_id, ()),
        )
        for position, one in enumerate(sorted(kept, key=lambda one: one.number))
    ]


def _unapproved(cursor: Cursor, project: Project, wanted: PairFilter) -> dict[str, int]:
    """How many pairs the filter does not mean, and of the others how many are in each state but approved."""
    meant = wanted.model_copy(update={"states": ()})
    inside = pairs.counts(cursor, project.id, meant)
    outside = pairs.count(cursor, project.id) - sum(inside.values())
    states: dict[str, int] = {state: number for state, number in inside.items() if number and state != "approved"}
    return {**({NOT_CHOSEN: outside} if outside else {}), **states}


def _flagged(cursor: Cursor, project: Project, kept: Sequence[Approved]) -> tuple[int, ...]:
    """The numbers of pairs whose approved text still has words that were flagged, and nobody resolved the flag."""
    unresolved = set(flags.unresolved(cursor, project.id))
    standing = {one.pair_id: one for one in kept}
    given = reviews.flags(cursor, list(standing)) if unresolved else []
    found = {flag.pair_id for flag in given if flag.id in unresolved and _remains(flag, standing[flag.pair_id])}
    return tuple(sorted(standing[pair_id].number for pair_id in found))


def _remains(flag: Flag, one: Approved) -> bool:
    return flag.quote in str(getattr(one, flag.field))


def _warnings(flagged: Sequence[int], leaks: int, counts: Mapping[Split, int]) -> Iterable[str]:
    if flagged:
        shown = ", ".join(f"#{number}" for number in flagged[:5]) + (" and more" if len(flagged) > 5 else "")
        yield f"{len(flagged)} approved {_pairs(len(flagged))} still with words that an expert flagged: {shown}."
    if 0 < counts["test"] < FEW_TEST_ITEMS:
        yield f"The test split has {counts['test']} {_pairs(counts['test'])}: the report's intervals will be wide."
    if leaks:
        yield (
            f"{leaks} validation {_pairs(leaks)} nearly the same as a training pair: the loss that says when to stop "
            "will look better than it is."
        )


def _pairs(number: int) -> str:
    return "pair" if number == 1 else "pairs"


def _emptied(counts: Mapping[Split, int], alike: Sequence[Exclusion]) -> str | None:
    empty = [split for split in SPLITS if not counts[split]]
    if not empty:
        return None
    return (
        f"Nothing is left for {' and '.join(empty)} after {len(alike)} near-duplicates were left out. "
        "Approve pairs of other groups."
    )


def _out(one: Approved, reason: str, detail: str = "") -> Exclusion:
    return Exclusion(pair_id=one.pair_id, pair_number=one.number, reason=reason, detail=detail)
