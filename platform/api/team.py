"""People's work: figures of the team and of oneself, flags and what became of them, opinions that are given back."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from hone.labeling import flags, sending_back
from hone.labeling.flags import FlagCount, OpenFlag
from hone.platform.api.caller import Lead, Of, Open, Who
from hone.platform.api.pairs import numbered
from hone.storage.deciding import SentBack
from hone.storage.flags import Outcome, Resolution
from hone.storage.records import Record

router = APIRouter(tags=["team"])


class Flags(Record):
    """Flags, the gravest first, and how many are open by kind and severity."""

    open: tuple[FlagCount, ...]
    flags: tuple[OpenFlag, ...]


class NewResolution(Record):
    """What became of a flag, and why."""

    outcome: Outcome
    reason: str
    request_key: str


class GivenBack(Record):
    """Which opinion of a pair goes back to its expert (a version's letter, or a review's id), and why."""

    comment: str
    version: str | None = None
    review_id: str | None = None
    request_key: str


@router.get("/projects/{name}/team")
def get_team(opened: Open, who: Lead, project: Of) -> dict[str, Any]:
    """How far the experts agree, and how each works: every figure with its n."""
    from hone.platform.team import team_figures  # imports statistics, which takes a second

    return team_figures(opened.store, project, who).model_dump(mode="json")


@router.get("/projects/{name}/team/me")
def get_me(opened: Open, who: Who, project: Of) -> dict[str, Any]:
    """An expert's own figures, without the names of others."""
    from hone.platform.team import own_figures

    return own_figures(opened.store, project, who).model_dump(mode="json")


@router.get("/projects/{name}/flags")
def list_flags(
    opened: Open,
    who: Lead,
    project: Of,
    resolved: bool = False,
    category: str | None = None,
    severity: Annotated[int | None, Query(ge=1, le=3)] = None,
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Flags:
    """Flags of opinions that stand, open or resolved, with their words in the text."""
    found = flags.listing(
        opened.store, project, who, resolved=resolved, category=category, severity=severity, limit=limit, skip=skip
    )
    return Flags(open=tuple(flags.counts(opened.store, project, who)), flags=tuple(found))


@router.post("/projects/{name}/flags/{flag_id}/resolution")
def resolve_flag(opened: Open, who: Lead, project: Of, flag_id: str, given: NewResolution) -> Resolution:
    """Say what became of a flag: mended, accepted or dismissed, with a reason."""
    return flags.resolve(opened.store, project, who, flag_id, given.outcome, given.reason, given.request_key)


@router.post("/projects/{name}/pairs/{number}/sent-back")
def send_back(opened: Open, who: Lead, project: Of, number: int, given: GivenBack) -> SentBack:
    """Give an opinion back to its expert with a comment; it counts no more."""
    with opened.store.read() as cursor:
        pair = numbered(cursor, project, number)
    return sending_back.send_back(
        opened.store,
        project,
        who,
        pair.id,
        given.comment,
        version=given.version,
        review_id=given.review_id,
        request_key=given.request_key,
    )
