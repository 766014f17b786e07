"""The chain of models: base, 1, 2, 3, ... each with what it learnt, how it did, and what is new in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

from hone.evaluation import keeping
from hone.labeling.batches.difference import difference
from hone.platform import chain_scores
from hone.platform.chain_scores import Score, Won
from hone.platform.chain_words import method_words
from hone.platform.runs.bases import base_name
from hone.storage import batches, models, reports, runs
from hone.storage.batches import Batch
from hone.storage.models import Model, ModelDecision
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.reports import StoredReport
from hone.storage.runs import Run
from hone.storage.store import Store
from hone.training.config import TrainConfig

Alias: TypeAlias = Literal["", "champion", "challenger", "rejected"]
# Settings that say nothing of how a model learnt, or that the chain tells in words of its own.
UNTOLD = frozenset(
    {"schema_version", "kind", "run", "base", "base_sha256", "threads", "parent", "tracker", "samples"}
    | {"micro_batch", "batching", "recompute", "checkpoint_every", "forgetting"}
)


class Data(Record):
    """What led from one batch to another: pairs that came, went, or have other words. No batch before: all came."""

    before: int | None
    after: int
    added: int
    removed: int
    changed: int


class Change(Record):
    """A setting that is another one than before."""

    name: str
    before: str
    after: str


class Link(Record):
    """One model of the chain. `number` 0 is the base.

    `parent` is what it was trained on; `since` is the iteration that it is told against: its parent, or for one that
    was trained anew the iteration before it. `rows` counts what was learnt by where it came from; `kept` is the
    lowest share of an earlier batch's score that it kept; `decision` is the last one on it, `reason` why.
    """

    number: int
    name: str
    alias: Alias
    decision: Literal["", "promote", "reject"] = ""
    reason: str = ""
    base: str
    batch: int | None = None
    method: str = ""
    parent: int | None = None
    run: int | None = None
    sha256: str | None = None
    folder: str | None = None
    made_at: datetime
    rows: dict[str, int] = {}
    scores: tuple[Score, ...] = ()
    won: Won | None = None
    verdict: str = ""
    report: int | None = None
    validation_loss: float | None = None
    kept: float | None = None
    since: int | None = None
    data: Data | None = None
    settings: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Sources:
    """What a chain is told from; the mappings are by id, `data` by the ids of two batches, `scores` by model."""

    models: Sequence[Model]
    champion: Model | None
    decisions: Sequence[ModelDecision]
    runs: Mapping[str, Run]
    batches: Mapping[str, Batch]
    reports: Sequence[StoredReport]
    data: Mapping[tuple[str | None, str], Data]
    scores: Mapping[str, tuple[Score, ...]]


def chain(store: Store, project: Project) -> tuple[Link, ...]:
    """The models of a project in their order, the base first; empty while there is none."""
    with store.read() as cursor:
        known = models.listing(cursor, project.id)
        made = {batch.id: batch for batch in batches.listing(cursor, project.id)}
        told = reports.listing(cursor, project.id)
        sources = Sources(
            models=known,
            champion=models.champion(cursor, project.id),
            decisions=models.decisions(cursor, project.id),
            runs={run.id: run for run in runs.listing(cursor, project.id)},
            batches=made,
            reports=told,
            data={},
            scores=chain_scores.by_answers(cursor, project, known, made, {report.new_model for report in told}),
        )
    wanted = {
        (before.batch_id if before else None, model.batch_id)
        for model in known
        if model.batch_id
        for before in [_before(model, known)]
    }
    counted = {each: _data(store, made[each[0]] if each[0] else None, made[each[1]]) for each in wanted}
    return links(replace(sources, data={key: found for key, found in counted.items() if found}))


def links(sources: Sources) -> tuple[Link, ...]:
    """The chain from what is known of it; nothing is read."""
    aliases = _aliases(sources)
    return tuple(_link(model, aliases[model.id], sources) for model in sources.models)


def _link(model: Model, alias: Alias, sources: Sources) -> Link:
    before = _before(model, sources.models)
    run = sources.runs.get(model.run_id or "")
    result = (run.result or {}) if run else {}
    batch = sources.batches.get(model.batch_id or "")
    decided = [each for each in sources.decisions if each.model_id == model.id]
    report = next((each for each in reversed(sources.reports) if each.new_model == model.id), None)
    return Link(
        number=model.number,
        name=model.name,
        alias=alias,
        decision=decided[-1].decision if decided else "",
        reason=decided[-1].reason if decided else "",
        base=model.base,
        batch=batch.number if batch else None,
        method=method_words(run.config) if run else "",
        parent=_number(model.parent_id, sources.models) if model.number else None,
        run=run.number if run else None,
        sha256=model.sha256 or model.base_sha256,
        folder=model.folder,
        made_at=model.created_at,
        rows={name: int(count) for name, count in dict(result.get("rows") or {}).items()},
        scores=chain_scores.of_model(model, sources.reports, sources.scores),
        won=chain_scores.won(report, sources.models) if report else None,
        verdict=report.verdict if report else "",
        report=report.number if report else None,
        validation_loss=result.get("validation_loss"),
        kept=_kept(model, sources),
        since=before.number if before else None,
        data=sources.data.get((before.batch_id if before else None, model.batch_id or "")),
        settings=_changes(before, model, sources) if before else (),
    )


def _before(model: Model, known: Sequence[Model]) -> Model | None:
    """The iteration that a model is told against: its parent, else the one before it; None for the first."""
    if model.parent_id:
        return next((other for other in known if other.id == model.parent_id), None)
    earlier = [other for other in known if 0 < other.number < model.number]
    return earlier[-1] if earlier else None


def _number(model_id: str | None, known: Sequence[Model]) -> int:
    return next((model.number for model in known if model.id == model_id), 0)


def _kept(model: Model, sources: Sources) -> float | None:
    found = keeping.of_known(model, sources.models, sources.batches, sources.runs)
    return keeping.least(found) if found else None


def _changes(before: Model, model: Model, sources: Sources) -> tuple[Change, ...]:
    told = [run.config if (run := sources.runs.get(each.run_id or "")) else {} for each in (before, model)]
    other = before.base_sha256 != model.base_sha256
    bases = (Change(name="base", before=base_name(before.base), after=base_name(model.base)),) if other else ()
    return (*bases, *changes(told[0], told[1]))


def _aliases(sources: Sources) -> dict[str, Alias]:
    """The champion was promoted last (the base until one is); the challenger is the newest after it that stands."""
    last = {decision.model_id: decision.decision for decision in sources.decisions}
    found: dict[str, Alias] = {
        model.id: "rejected" if last.get(model.id) == "reject" else "" for model in sources.models
    }
    if sources.champion is None:
        return found
    found[sources.champion.id] = "champion"
    later = [model for model in sources.models if model.number > sources.champion.number and not found[model.id]]
    if later:
        found[later[-1].id] = "challenger"
    return found


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The settings that differ between two training runs; one that is not stored had its usual value."""
    found = []
    for name, field in TrainConfig.model_fields.items():
        old, new = (config.get(name, field.get_default()) for config in (before, after))
        if name in UNTOLD or not before or not after or _plain(old) == _plain(new):
            continue
        words = ("another text", "changed") if name == "template" else (_plain(old), _plain(new))
        found.append(Change(name=name, before=words[0], after=words[1]))
    return tuple(found)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    return "none" if value is None else str(value)


def _data(store: Store, before: Batch | None, after: Batch) -> Data | None:
    if before is None:
        return Data(before=None, after=after.number, added=sum(after.counts.values()), removed=0, changed=0)
    if before.id == after.id:
        return Data(before=before.number, after=after.number, added=0, removed=0, changed=0)
    known = _counted.setdefault(store, {})
    if (before.id, after.id) not in known:
        counts = difference(store, before, after, limit=0).counts
        told = {name: counts[name] for name in ("added", "removed", "changed")}
        known[before.id, after.id] = Data(before=before.number, after=after.number, **told)
    return known[before.id, after.id]


_counted: WeakKeyDictionary[Store, dict[tuple[str, str], Data]] = WeakKeyDictionary()  # batches never change
