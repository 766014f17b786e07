"""What is allowed in an opinion: the project's rubric, categories, flags and questions, and the words of the text."""

from collections.abc import Iterable, Mapping

from hone.labeling import spans, texts
from hone.storage.errors import InputError
from hone.storage.pairs import Revision
from hone.storage.projects import ProjectSettings, Question
from hone.storage.reviews import Answer, Decision, NewFlag


def check(
    settings: ProjectSettings,
    decision: Decision,
    seen: Revision,
    text: str,
    *,
    ratings: Mapping[str, int],
    answers: Mapping[str, Answer],
    categories: Iterable[str],
    edit_reason: str | None,
    flags: Iterable[NewFlag],
) -> None:
    """Raise InputError unless an opinion keeps to what the project asks; `text` is the response that is decided on."""
    if decision == "approve":
        _check_response(settings, text)
    _check_ratings(settings, ratings)
    _check_answers(settings, answers, decision)
    for name in categories:
        if name not in settings.categories:
            raise InputError(f"'{name}' is no error category here. There are: {_list(settings.categories)}.")
    if edit_reason is not None and edit_reason not in settings.edit_reasons:
        raise InputError(f"'{edit_reason}' is no reason of an edit here. There are: {_list(settings.edit_reasons)}.")
    for flag in flags:
        _check_flag(settings, flag, seen, text)


def _check_response(settings: ProjectSettings, text: str) -> None:
    if not text.strip():
        raise InputError("An empty response cannot be approved. Write one, or reject the pair.")
    if settings.task == "classification" and text.strip() not in settings.labels:
        raise InputError(f"'{text.strip()[:40]}' is no label here. There are: {_list(settings.labels)}.")


def _check_ratings(settings: ProjectSettings, ratings: Mapping[str, int]) -> None:
    anchors = {dimension.key: dimension.anchors for dimension in settings.rubric}
    for key, score in ratings.items():
        if key not in anchors:
            raise InputError(f"'{key}' is not in the rubric. There are: {_list(anchors)}.")
        if score not in anchors[key]:
            raise InputError(f"{key} cannot be {score}: use {_list(str(one) for one in sorted(anchors[key]))}.")


def _check_answers(settings: ProjectSettings, answers: Mapping[str, Answer], decision: Decision) -> None:
    questions = {question.key: question for question in settings.questions}
    for key, answer in answers.items():
        if key not in questions:
            raise InputError(f"'{key}' is no question here. There are: {_list(questions)}.")
        _check_answer(questions[key], answer)
    if decision == "skip":
        return
    for question in settings.questions:
        if question.required and answers.get(question.key) in (None, "", ()):
            raise InputError(f"The question '{question.name}' needs an answer. Give it, or skip the pair.")


def _check_answer(question: Question, answer: Answer) -> None:
    options = _list(question.options)
    if question.kind == "yes_no" and not isinstance(answer, bool):
        raise InputError(f"'{question.name}' wants yes or no: send true or false.")
    if question.kind == "single" and answer not in question.options:
        raise InputError(f"'{question.name}' cannot be '{str(answer)[:40]}': use one of {options}.")
    if question.kind == "multi":
        if not isinstance(answer, tuple) or len(set(answer)) < len(answer):
            raise InputError(f"'{question.name}' wants a list without repetition of {options}.")
        unknown = [one for one in answer if one not in question.options]
        if unknown:
            raise InputError(f"'{question.name}' cannot have '{unknown[0][:40]}': use some of {options}.")
    if question.kind == "text":
        if not isinstance(answer, str):
            raise InputError(f"'{question.name}' wants a text.")
        texts.must_be_text(f"answer to '{question.name}'", answer, texts.LONGEST_NOTE)


def _check_flag(settings: ProjectSettings, flag: NewFlag, seen: Revision, text: str) -> None:
    known = {category.key: category for category in settings.taxonomy}
    if flag.category not in known:
        raise InputError(f"'{flag.category}' is no kind of flag here. There are: {_list(known)}.")
    if flag.severity not in (1, 2, 3):
        raise InputError(f"A flag's severity cannot be {flag.severity}: use 1 (slight), 2 or 3 (grave).")
    if known[flag.category].protected and not (flag.protected_group or "").strip():
        raise InputError(f"The flag '{known[flag.category].name}' must name the group that it is about.")
    said = {"comment": flag.comment, "group": flag.protected_group or "", "mitigation": flag.mitigation}
    for name, words in said.items():
        texts.must_be_text(f"flag's {name}", words, texts.LONGEST_NOTE)
    # The edited text first; then the one that was seen, for words that the expert flagged and mended.
    candidates = [text] if flag.field == "response" else []
    if not any(spans.stands_in(flag, one) for one in [*candidates, spans.field_text(seen, flag.field)]):
        raise InputError(
            f"The flag's words '{flag.quote[:40]}' are not at {flag.start} to {flag.end} of the {flag.field}. "
            "Mark them again."
        )


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none in this project"
