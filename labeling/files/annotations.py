"""What was said about a pair in another tool: what fits becomes an opinion of the same person here.

An annotation needs three things for that: somebody of its author's name (or e-mail) with the role expert; a decision,
said in words (approve, reject) or by an edited text, which approves it; and nothing in it that the project does not
know. What does not fit is kept as metadata of the pair, word for word: a rating without a decision approves nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hone.labeling.files.rows import as_text
from hone.labeling.files.shapes import Said
from hone.storage.people import Person
from hone.storage.projects import ProjectSettings

KEY = "annotations"  # of the metadata that holds those that did not fit
YES = {"approve", "approved", "accept", "accepted", "good", "correct", "yes", "keep", "ok"}
NO = {"reject", "rejected", "bad", "incorrect", "no", "wrong", "discard", "drop"}
EDITS = ("edit", "correct", "rewrite", "response", "answer", "output", "completion", "improved", "final", "summary")


class Annotations:
    """Sorts annotations: rows for `record_reviews`, and those that are kept as they are."""

    def __init__(self, settings: ProjectSettings, people: Sequence[Person]):
        self._dimensions = {
            name.strip().lower(): dimension for dimension in settings.rubric for name in (dimension.key, dimension.name)
        }
        self._categories = {name.lower(): name for name in settings.categories}
        experts = [person for person in people if person.active and person.has("expert")]
        self._people = {
            known.strip().lower(): person.name
            for person in experts
            for known in (person.name, person.email or "")
            if known
        }

    def sort(self, said: Sequence[Said], response: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The opinions among them, without a pair's key yet; and those that do not fit, as they were."""
        opinions: dict[str, dict[str, Any]] = {}
        kept: list[dict[str, Any]] = []
        for each in said:
            row = self._opinion(each, response)
            if row is None or row["annotator"] in opinions:  # nobody says two things about a pair in one round
                kept.append(each.raw)
            else:
                opinions[row["annotator"]] = row
        return list(opinions.values()), kept

    def _opinion(self, said: Said, response: str) -> dict[str, Any] | None:
        name = self._people.get(said.who.lower())
        if name is None or said.cancelled:
            return None
        row: dict[str, Any] = {"annotator": name}
        ratings: dict[str, int] = {}
        categories: list[str] = []
        notes: list[str] = []
        for question, answer in said.answers.items():
            if not self._take(question, answer, response, row, ratings, categories):
                notes.append(f"{question}: {_shown(answer)}")
        if "decision" not in row and "response" in row:
            row["decision"] = "approve"
        if "decision" not in row:
            return None
        more = {"ratings": ratings, "categories": categories, "note": "\n".join(notes)[:5_000], "seconds": said.seconds}
        return {**row, **{field: value for field, value in more.items() if value}}

    def _take(
        self,
        question: str,
        answer: Any,
        response: str,
        row: dict[str, Any],
        ratings: dict[str, int],
        categories: list[str],
    ) -> bool:
        """Put an answer where it belongs; False when nothing here asks for it."""
        labels = _labels(answer)
        dimension = self._dimensions.get(question.strip().lower())
        if dimension and len(labels) == 1 and labels[0].isdigit() and int(labels[0]) in dimension.anchors:
            ratings[dimension.key] = int(labels[0])
            return True
        if len(labels) == 1 and labels[0].lower() in YES | NO and "decision" not in row:
            row["decision"] = "approve" if labels[0].lower() in YES else "reject"
            return True
        if labels and all(label.lower() in self._categories for label in labels):
            categories += [self._categories[label.lower()] for label in labels]
            return True
        if isinstance(answer, str) and any(word in question.lower() for word in EDITS) and "response" not in row:
            if answer.strip() and answer.strip() != response.strip():
                row["response"] = answer
            return bool(answer.strip())
        return False


def kept_as_text(raw: Sequence[Mapping[str, Any]]) -> str:
    """Annotations as metadata keeps them."""
    return json.dumps(list(raw), ensure_ascii=False)


def _labels(answer: Any) -> list[str]:
    given = answer if isinstance(answer, list) else [answer]
    found = [as_text(each) for each in given]
    return [text.strip() for text in found if text and len(text) <= 100]


def _shown(answer: Any) -> str:
    text = as_text(answer)
    return text if text is not None else json.dumps(answer, ensure_ascii=False)
