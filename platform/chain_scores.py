"""How the models of a chain did: by the reports on them, or by their answers while there is no report."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from hone.storage import batches, models
from hone.storage.batches import Batch
from hone.storage.models import Model
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.reports import StoredReport
from hone.storage.store import Cursor

LEAD_METRIC = "rougeL"
METRIC_NAMES = {"rougeL": "ROUGE-L", "token_f1": "Token F1", "exact_match": "Exact match"}  # that a chain shows


class Score(Record):
    """The mean of a metric over the test split of a batch, 0 to 1, with its interval where there is one."""

    metric: str
    value: float
    n: int
    low: float | None = None
    high: float | None = None
    batch: int


class Won(Record):
    """The share of decisive blind votes that a model won against another, with its interval where there is one."""

    against: int
    share: float
    votes: int
    low: float | None = None
    high: float | None = None


def of_model(model: Model, told: Sequence[StoredReport], untold: Mapping[str, tuple[Score, ...]]) -> tuple[Score, ...]:
    """By the last report on it as the new model, else as the old one, else as `by_answers` has it."""
    for side in ("new", "old"):
        for stored in reversed(told):
            if model.id == getattr(stored, f"{side}_model"):
                return _told(json.loads(stored.document), side)
    return untold.get(model.id, ())


def _told(document: dict[str, Any], side: str) -> tuple[Score, ...]:
    batch = (document.get("batch") or {}).get("number", 0)
    return tuple(
        Score(metric=line["metric"], value=line[side]["value"], n=line[side]["n"], **_ends(line[side]), batch=batch)
        for line in document["metrics"]
        if line["metric"] in METRIC_NAMES
    )


def _ends(estimate: Mapping[str, Any]) -> dict[str, Any]:
    between = estimate["interval"]
    return {} if "undefined" in between else {"low": between["low"], "high": between["high"]}


def won(report: StoredReport, known: Sequence[Model]) -> Won | None:
    """How often the report's new model won, by blind votes; None where nobody judged."""
    votes = json.loads(report.document)["preference"]
    rate = votes.get("clustered") or {}
    if "value" not in rate:
        return None
    against = next((model.number for model in known if model.id == report.old_model), 0)
    return Won(against=against, share=rate["value"], votes=votes["decisive"], **_ends(rate))


def by_answers(
    cursor: Cursor, project: Project, known: Sequence[Model], made: Mapping[str, Batch], told: set[str]
) -> dict[str, tuple[Score, ...]]:
    """Of models that have answered their batch's test split and are in no report yet."""
    found: dict[str, tuple[Score, ...]] = {}
    for model in known:
        candidate = models.answered(cursor, model.id, model.batch_id) if model.batch_id else None
        if candidate is None or model.id in told or model.batch_id is None:
            continue
        answers = models.generations(cursor, candidate.id, model.batch_id)
        items = [item for item in batches.items(cursor, model.batch_id, "test") if item.pair_id in answers]
        texts = tuple((answers[item.pair_id].response, item.response, item.group) for item in items)
        if texts:
            found[model.id] = (_score(texts, made[model.batch_id].number, project.settings.seed),)
    return found


@lru_cache(maxsize=32)
def _score(texts: tuple[tuple[str, str, str], ...], batch: int, seed: int) -> Score:
    """ROUGE-L of (answer, reference, group), its interval by resampling groups."""
    from hone.evaluation.intervals import bootstrap_mean  # statistics take a second to import
    from hone.evaluation.text_metrics import score_items

    scored = score_items([answer for answer, _, _ in texts], [reference for _, reference, _ in texts])
    found = bootstrap_mean(scored.values[LEAD_METRIC], [group for _, _, group in texts], seed, bounds=(0, 1))
    ends = _ends(found.model_dump())
    return Score(metric=LEAD_METRIC, value=found.value, n=found.n, **ends, batch=batch)
