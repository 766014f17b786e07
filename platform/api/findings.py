"""What the checks at import found: counts, the pairs, and what is mended at once."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query

from hone.labeling.checks import KINDS, Kind, mending
from hone.labeling.checks.mending import Mended
from hone.platform.api.caller import Lead, Of, Open, Who
from hone.storage import findings, pairs
from hone.storage.errors import NotFound
from hone.storage.findings import Finding, Progress
from hone.storage.records import Record

router = APIRouter(tags=["findings"])


class FoundKind(Record):
    """A kind of finding, and how many pairs have it: all, and those that are still open."""

    kind: Kind
    pairs: int
    open: int


class Overview(Record):
    """How far the checks are, and what they found, the most frequent kind first."""

    progress: Progress
    kinds: tuple[FoundKind, ...]


class FoundPair(Record):
    """A pair with what was found in it."""

    number: int
    state: str
    findings: tuple[Finding, ...]


class ToMend(Record):
    """What is to be mended: kinds by key or by what mends them, in these pairs, or in all."""

    kinds: tuple[str, ...]
    pairs: tuple[int, ...] | None = None


class UpTo(Record):
    """How many pairs may be checked within a request."""

    at_most: int = 5_000


@router.get("/projects/{name}/findings")
def overview(opened: Open, project: Of, who: Who) -> Overview:
    """How many pairs were checked, and how many have what."""
    who.must("expert", "lead")
    with opened.store.read() as cursor:
        counted = findings.counts(cursor, project.id)
        kinds = tuple(
            FoundKind(kind=KINDS[one.kind], pairs=one.pairs, open=one.open) for one in counted if one.kind in KINDS
        )
        return Overview(progress=findings.progress(cursor, project.id), kinds=kinds)


@router.get("/projects/{name}/findings/{kind}")
def found_pairs(
    opened: Open,
    project: Of,
    who: Who,
    kind: str,
    after: int = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[FoundPair]:
    """The pairs with this kind of finding, by number, those after `after`."""
    who.must("expert", "lead")
    if kind not in KINDS:
        raise NotFound(f"There is no check '{kind}'. There are: {', '.join(KINDS)}.")
    with opened.store.read() as cursor:
        ids = findings.with_kind(cursor, project.id, [kind], after, limit)
        known = pairs.many(cursor, ids)
        found = findings.of_pairs(cursor, ids)
    return [
        FoundPair(
            number=known[pair_id].number,
            state=known[pair_id].state,
            findings=tuple(one for one in found if one.pair_id == pair_id and one.kind == kind),
        )
        for pair_id in ids
    ]


@router.post("/projects/{name}/findings/mend")
async def mend(opened: Open, project: Of, who: Lead, wanted: ToMend) -> Mended:
    """Mend what was found of these kinds, in pairs on which nobody has spoken: each as a new revision."""
    made = await to_thread.run_sync(lambda: mending.mend(opened.store, project, who, wanted.kinds, wanted.pairs))
    opened.checker.wake()
    return made


@router.post("/projects/{name}/findings/finish")
async def finish(opened: Open, project: Of, _: Lead, up_to: UpTo) -> Progress:
    """Check the pairs that wait, where no server does it by itself and not more than `at_most` wait."""
    return await to_thread.run_sync(opened.checker.finish, project.id, up_to.at_most)


@router.post("/projects/{name}/findings/again")
def again(opened: Open, project: Of, who: Lead) -> Progress:
    """Forget what was found, and have all pairs checked anew."""
    mending.check_again(opened.store, project, who)
    opened.checker.wake()
    with opened.store.read() as cursor:
        return findings.progress(cursor, project.id)
