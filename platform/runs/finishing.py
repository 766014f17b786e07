"""What becomes of a finished run: a trained model is registered, answers and suggestions are kept.

Doing it twice changes nothing.
"""

import json
from typing import Any

from hone.labeling.suggesting import reads
from hone.platform.runs.bases import base_name
from hone.platform.runs.searched import keep_search
from hone.storage import audit, models, order, projects, runs, suggestions
from hone.storage.errors import RunError
from hone.storage.models import Model
from hone.storage.records import new_id, now
from hone.storage.runs import Run
from hone.storage.store import Cursor, Store
from hone.storage.suggestions import Suggestion
from hone.training.config import GenerateConfig
from hone.training.folder import RunFolder
from hone.training.generate import read_generations
from hone.training.models.published import check_model
from hone.training.suggest import read_suggestions


def finish(store: Store, run: Run, folder: RunFolder) -> None:
    """Take a finished run's result into the store and mark the run done, in one transaction.

    Raises:
        RunError: The folder does not hold what a finished run leaves, or its model is not the published one.
    """
    if run.kind == "train":
        _register(store, run, folder)
    elif run.kind == "generate":
        _keep_answers(store, run, folder)
    elif run.kind == "search":
        keep_search(store, run, folder)
    else:
        _keep_suggestions(store, run, folder)


def ensure_base_model(cursor: Cursor, project_id: str, base: str, base_sha256: str | None) -> Model:
    """The project's model 0; made from these facts when the project has none yet."""
    known = models.listing(cursor, project_id)
    if known and known[0].number == 0:
        return known[0]
    return models.add(cursor, project_id, name=base_name(base), base=base, base_sha256=base_sha256)


def answer_settings(config: GenerateConfig) -> dict[str, Any]:
    """The settings that decide an answer: with the model they are the candidate.

    What is as usual, an answer by this machine to a prompt without turns of a chat, is not among them: so a candidate
    that was stored before there was a choice is still the same one.
    """
    settings = config.model_dump(
        mode="json", include={"template", "max_new_tokens", "temperature", "top_p", "seed", "max_length", "too_long"}
    )
    beside = config.model_dump(mode="json", include={"prompt", "server", "server_model", "quantize"})
    unusual = {name: value for name, value in beside.items() if value not in (None, "", "template", "none")}
    return {**settings, **unusual}


def _register(store: Store, run: Run, folder: RunFolder) -> None:
    result = _result(folder)
    facts = check_model(folder.model, str(result.get("base_sha256")))

    def change(cursor: Cursor) -> None:
        ensure_base_model(cursor, run.project_id, facts.base, facts.base_sha256)
        model = models.of_run(cursor, run.id)
        if model is None:
            number = models.listing(cursor, run.project_id)[-1].number + 1
            model = models.add(
                cursor,
                run.project_id,
                name=f"Iteration {number}",
                base=facts.base,
                base_sha256=facts.base_sha256,
                folder=str(folder.model.relative_to(store.workspace.root)),
                sha256=facts.adapter_sha256,
                run_id=run.id,
                batch_id=run.batch_id,
                parent_id=run.model_id,
            )
            audit.record(cursor, run.created_by, "model trained", model.id, run=run.number, sha256=model.sha256)
        _mark_done(cursor, run, f"Made {model.name.lower()}.", result)

    store.write(change)


def _keep_answers(store: Store, run: Run, folder: RunFolder) -> None:
    result, answers = _result(folder), read_generations(folder)
    config = folder.config()
    asked = {row.id for row in folder.rows("test")}
    if not isinstance(config, GenerateConfig) or run.model_id is None or run.batch_id is None:
        raise RunError(f"Run {run.number} is stored as a generation, but its folder is of another kind.")
    if {answer.id for answer in answers} != asked:
        raise RunError(f"Run {run.number} answered {len(answers)} of {len(asked)} items; resume it.")
    settings = answer_settings(config.model_copy(update={"template": result["template"]}))
    model_id, batch_id = run.model_id, run.batch_id

    def change(cursor: Cursor) -> None:
        candidate = models.candidate(cursor, run.project_id, model_id, settings)
        kept = [
            models.Generation(
                id=new_id(),
                candidate_id=candidate.id,
                batch_id=batch_id,
                pair_id=answer.id,
                response=answer.text,
                finish=answer.finish,
                tokens=answer.tokens,
                seconds=answer.seconds,
                run_id=run.id,
            )
            for answer in answers
        ]
        models.add_generations(cursor, kept)
        _mark_done(cursor, run, f"Answered {len(kept)} items.", result)

    store.write(change)


def _keep_suggestions(store: Store, run: Run, folder: RunFolder) -> None:
    result, said = _result(folder), read_suggestions(folder)
    missing = {row.id for row in folder.rows("open")} - {each.id for each in said} - set(result["left_out"])
    if missing:
        raise RunError(f"Run {run.number} said nothing to {len(missing)} of its pairs; resume it.")

    def change(cursor: Cursor) -> None:
        if runs.get(cursor, run.id).status == "done":
            return
        model_id = run.model_id
        if model_id is None:
            model_id = ensure_base_model(cursor, run.project_id, result["base"], result["base_sha256"]).id
            runs.set_model(cursor, run.id, model_id)
        kept = [
            Suggestion(
                id=new_id(),
                pair_id=each.id,
                model_id=model_id,
                response=(each.text or "").strip() or None,
                mean_logprob=each.mean_logprob,
                run_id=run.id,
                created_at=now(),
            )
            for each in said
        ]
        suggestions.add(cursor, kept)
        project = projects.get(cursor, run.project_id)
        if reads(project):
            order.reorder(cursor, project)
        _mark_done(cursor, run, _told(result), result)

    store.write(change)


def _told(result: dict[str, Any]) -> str:
    counts = {"answered": result["answered"], "read": result["read"], "left out": len(result["left_out"])}
    said = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
    return f"{said[:1].upper()}{said[1:]} open pairs."


def _mark_done(cursor: Cursor, run: Run, message: str, result: dict[str, Any]) -> None:
    if runs.get(cursor, run.id).status != "done":
        runs.set_status(cursor, run.id, "done", message, result)


def _result(folder: RunFolder) -> dict[str, Any]:
    try:
        return dict(json.loads(folder.result_file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise RunError(f"{folder.result_file} is missing or damaged, though the run says that it is done.") from None
