"""What blind votes say about two models: win rate, net preference, raters, position, votes still needed."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from scipy import special

from hone.evaluation.compare import sign_flip
from hone.evaluation.inputs import Vote
from hone.evaluation.intervals import Estimate, Interval, bootstrap_mean, clustered_se, share, sign_test, wilson
from hone.evaluation.power import decisive_needed
from hone.storage.errors import InputError
from hone.storage.records import Record, Undefined

UNBALANCED = 0.01  # p under which sides were not drawn evenly
PLANNED = 0.6  # the true preference that votes are planned for while none is seen


class Rater(Record):
    """One reviewer's votes."""

    rater: str
    n: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    win_rate: Estimate | Undefined
    chose_left: Estimate | Undefined
    median_seconds: float | Undefined


class Position(Record):
    """Whether the side on the screen decided: share of decisive votes for the left answer, exact p against 1/2."""

    left: int
    right: int
    share_left: Estimate | Undefined
    p: float | Undefined
    new_shown_left: int
    says: str


class ReasonCount(Record):
    """How often a reason stood with a vote for the new, the old, or neither model."""

    reason: str
    for_new: int
    for_old: int
    for_neither: int


class Needed(Record):
    """Decisive votes that a test with power 0.8 needs, if the true preference were `preference`.

    `total` decisive votes in all, `more` of them still to come, `more_votes` with ties counted in.
    """

    preference: float
    total: int
    more: int
    more_votes: int


class Preference(Record):
    """Votes on new against old; wins are the new model's.

    `win_rate` is wins over decisive votes with Wilson's interval, every vote taken as independent; `p` its
    exact sign test. `clustered` and `p_clustered` take the votes of one item (or group) as dependent and are
    what decides; with one vote an item both are the same. `net` is (wins - losses) / n, in -1..1.
    """

    n: int
    items: int
    raters: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    decisive: int
    win_rate: Estimate | Undefined
    p: float | Undefined
    clustered: Estimate | Undefined
    p_clustered: float | Undefined
    net: Estimate
    by_rater: tuple[Rater, ...]
    reasons: tuple[ReasonCount, ...]
    position: Position
    needed: Needed | Undefined
    example: int


def score(vote: Vote) -> int:
    """+1 for the new model, -1 for the old one, 0 for a tie or both bad."""
    return (vote.choice == "new") - (vote.choice == "old")


def checked(votes: Sequence[Vote]) -> list[Vote]:
    """The votes by item and rater, so that their order decides nothing; a second vote of one rater is refused."""
    ordered = sorted(votes, key=lambda vote: (vote.item, vote.rater))
    for first, second in pairwise(ordered):
        if (first.item, first.rater) == (second.item, second.rater):
            raise InputError(f"{first.rater} voted twice on item {first.item}; keep one vote of each rater.")
    return ordered


def count_votes(
    votes: Sequence[Vote], groups: Mapping[str, str] | None = None, seed: int = 0, level: float = 0.95
) -> Preference | Undefined:
    """Sum up the votes on two models.

    Args:
        votes: At most one per item and rater.
        groups: Item to group (document, author), where votes on several items depend on each other.
        seed: Seed of the net preference's bootstrap and of the clustered test.
        level: Coverage of every interval.

    Returns:
        The preference, or Undefined("no votes").

    Raises:
        InputError: A rater voted twice on one item.
    """
    ordered = checked(votes)
    if not ordered:
        return Undefined(undefined="no votes")
    groups = groups or {}
    chosen = Counter(vote.choice for vote in ordered)
    wins, losses = chosen["new"], chosen["old"]
    decisive = [vote for vote in ordered if score(vote)]
    clustered, p_clustered = clustered_win_rate(decisive, groups, seed, level)
    none = Undefined(undefined="no decisive vote")
    return Preference(
        n=len(ordered),
        items=len({vote.item for vote in ordered}),
        raters=len({vote.rater for vote in ordered}),
        wins=wins,
        losses=losses,
        ties=chosen["tie"],
        both_bad=chosen["both_bad"],
        decisive=len(decisive),
        win_rate=share(wins, wins + losses, level) if decisive else none,
        p=sign_test(wins, losses) if decisive else none,
        clustered=clustered,
        p_clustered=p_clustered,
        net=bootstrap_mean([score(v) for v in ordered], _clusters(ordered, groups), seed, level, (-1, 1)),
        by_rater=_by_rater(ordered, level),
        reasons=_reasons(ordered),
        position=position(ordered, level),
        needed=votes_needed(wins, losses, len(ordered), level),
        example=sum(vote.example for vote in ordered),
    )


def _clusters(votes: Sequence[Vote], groups: Mapping[str, str]) -> list[tuple[str, str]]:
    """The cluster of each vote: its item's group, or the item itself."""
    return [("group", groups[vote.item]) if vote.item in groups else ("item", vote.item) for vote in votes]


def clustered_win_rate(
    decisive: Sequence[Vote], groups: Mapping[str, str], seed: int, level: float
) -> tuple[Estimate | Undefined, float | Undefined]:
    """Win rate with Wilson's interval at the effective number of votes (Korn & Graubard 1998), and its p.

    Votes on one item agree with each other, so fifty votes on ten items tell less than fifty on fifty. The
    effective number is p(1-p)/SE^2 with the clustered SE, times (z/t)^2 for few clusters, never more than
    the votes. Where the SE says nothing (a sweep, or one cluster) it is the number of clusters. The p is
    the sign-flip test over clusters.
    """
    if not decisive:
        none = Undefined(undefined="no decisive vote")
        return none, none
    clusters = _clusters(decisive, groups)
    count = len(set(clusters))
    wins = [float(vote.choice == "new") for vote in decisive]
    n, value = len(wins), sum(wins) / len(wins)
    if count == n:
        return share(int(sum(wins)), n, level), sign_test(int(sum(wins)), n - int(sum(wins)))
    se = clustered_se(wins, clusters)
    effective = float(count)
    if not isinstance(se, Undefined) and se > 0:
        shrink = NormalDist().inv_cdf((1 + level) / 2) / float(special.stdtrit(count - 1, (1 + level) / 2))
        effective = min(float(n), value * (1 - value) / se**2 * shrink**2)
    ends = wilson(value * effective, effective, level)
    method = f"Wilson, {n} votes in {count} clusters count as {effective:.1f}"
    interval = Interval(low=ends.low, high=ends.high, level=level, method=method)
    p, _ = sign_flip([float(score(vote)) for vote in decisive], clusters, seed)
    return Estimate(value=value, n=n, groups=count, interval=interval), p


def _by_rater(votes: Sequence[Vote], level: float) -> tuple[Rater, ...]:
    names = sorted({vote.rater for vote in votes})
    return tuple(_rater(name, [vote for vote in votes if vote.rater == name], level) for name in names)


def _rater(name: str, votes: Sequence[Vote], level: float) -> Rater:
    chosen = Counter(vote.choice for vote in votes)
    seconds = [vote.seconds for vote in votes if vote.seconds is not None]
    left, right = _sides(votes)
    return Rater(
        rater=name,
        n=len(votes),
        wins=chosen["new"],
        losses=chosen["old"],
        ties=chosen["tie"],
        both_bad=chosen["both_bad"],
        win_rate=share(chosen["new"], chosen["new"] + chosen["old"], level),
        chose_left=share(left, left + right, level),
        median_seconds=float(np.median(seconds)) if seconds else Undefined(undefined="no times kept"),
    )


def _sides(votes: Sequence[Vote]) -> tuple[int, int]:
    """Decisive votes for the answer on the left and on the right."""
    left = sum(vote.choice == vote.left for vote in votes)
    return left, sum(score(vote) != 0 for vote in votes) - left


def position(votes: Sequence[Vote], level: float = 0.95) -> Position:
    """Test whether the side decided: exact binomial test of the share of left choices against 1/2.

    The test supposes that each model stood left about as often; where it did not, a preference for the model
    would look like one for the side, and nothing is said.
    """
    left, right = _sides(votes)
    p = sign_test(left, right) if left + right else Undefined(undefined="no decisive vote")
    new_left = sum(vote.left == "new" for vote in votes)
    if sign_test(new_left, len(votes) - new_left) < UNBALANCED:
        says = "cannot tell whether the side mattered: one model stood left much more often"
    elif isinstance(p, Undefined) or p > 1 - level:
        says = "cannot tell whether the side mattered"
    else:
        says = f"the {'left' if left > right else 'right'} side was favoured"
    return Position(
        left=left,
        right=right,
        share_left=share(left, left + right, level),
        p=p,
        new_shown_left=new_left,
        says=says,
    )


def _reasons(votes: Sequence[Vote]) -> tuple[ReasonCount, ...]:
    """Reasons by how often they were given, then by name."""
    given = Counter((reason, score(vote)) for vote in votes for reason in set(vote.reasons))
    names = sorted({reason for reason, _ in given}, key=lambda r: (-sum(given[r, s] for s in (1, 0, -1)), r))
    return tuple(
        ReasonCount(reason=name, for_new=given[name, 1], for_old=given[name, -1], for_neither=given[name, 0])
        for name in names
    )


def votes_needed(wins: int, losses: int, votes: int, level: float = 0.95) -> Needed | Undefined:
    """How many more votes a decision takes, if the preference seen so far were the true one.

    Before any decisive vote a true preference of 0.6 is planned for. Votes are decisive votes over the
    share of decisive ones seen so far.

    Returns:
        The plan, or Undefined when the preference seen is too close to even to be worth more votes.
    """
    decisive = wins + losses
    # One vote added to each side, so that a sweep of three does not promise that three are enough.
    preference = (max(wins, losses) + 1) / (decisive + 2) if decisive else PLANNED
    total = decisive_needed(preference, level=level)
    if isinstance(total, Undefined):
        return Undefined(undefined="the preference seen is too close to even for any number of votes to settle it soon")
    more = max(0, total - decisive)
    return Needed(
        preference=preference,
        total=total,
        more=more,
        more_votes=math.ceil(more * votes / decisive) if decisive else more,
    )
