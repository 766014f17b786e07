"""A model's answers: which pairs it is asked, how the desk offers them, and what experts make of them."""

import json
from pathlib import Path

import pytest
from deskwork import Desk

from hone.labeling import suggesting
from hone.labeling.desk import next_view
from hone.labeling.files.exporting import Choice, export
from hone.labeling.saying import Verdict
from hone.labeling.standing import change_settings
from hone.storage import models, pairs, reviews, seats, suggestions
from hone.storage.errors import InputError
from hone.storage.models import Model
from hone.storage.pairs import NewPair
from hone.storage.projects import ProjectSettings
from hone.storage.records import new_id, now
from hone.storage.suggestions import Suggestion

ANSWER = "The lease ends in May."


@pytest.fixture
def model(desk_room: Desk) -> Model:
    """Of the project, with two pairs that have no response and one that has."""
    desk_room.add(
        NewPair(instruction="When does it end?", response=" \n"),
        NewPair(instruction="Who pays?", response="The tenant."),
        NewPair(instruction="Who signs?"),
    )
    return desk_room.store.write(
        lambda cursor: models.add(cursor, desk_room.project.id, name="Iteration X", base="tiny", base_sha256=None)
    )


def one_opinion(desk_room: Desk, **settings: object) -> None:
    changed = ProjectSettings.model_validate(
        {**desk_room.project.settings.model_dump(), "overlap": 1, "agree": 1, **settings}
    )
    desk_room.project = desk_room.store.write(
        lambda cursor: change_settings(cursor, desk_room.project, changed, desk_room.lead)
    )


def suggest(desk_room: Desk, model: Model, pair_id: str, response: str | None = ANSWER) -> Suggestion:
    made = Suggestion(
        id=new_id(),
        pair_id=pair_id,
        model_id=model.id,
        response=response,
        mean_logprob=-0.5,
        run_id="run",
        created_at=now(),
    )
    desk_room.store.write(lambda cursor: suggestions.add(cursor, [made]))
    return made


def asked(desk_room: Desk, model: Model | None, **how: bool) -> list[str]:
    with desk_room.store.read() as cursor:
        chosen = suggesting.choose(cursor, desk_room.project, model, limit=10, **how)
    return [each.instruction for each in chosen]


def first_pair(desk_room: Desk) -> str:
    pair = desk_room.next(desk_room.ana).pair
    assert pair is not None
    return pair.id


def decide(
    desk_room: Desk, suggestion: Suggestion, decision: Verdict = "approve", response: str | None = ANSWER
) -> str:
    """Ana decides on the pair that she holds, with this suggestion on the screen; the id of the text comes back."""
    return desk_room.say(desk_room.ana, decision, response=response, suggestion_id=suggestion.id).revision_id


def reopen(desk_room: Desk, pair_id: str) -> None:
    pair, lead = desk_room.pair(pair_id), desk_room.lead
    desk_room.store.write(
        lambda cursor: seats.reopen(
            cursor, [pair], why="looked at again", priority=1, report_id=None, person_id=lead.id
        )
    )


def test_pairs_without_a_response_are_asked_first_and_the_others_if_wanted(desk_room: Desk, model: Model) -> None:
    assert asked(desk_room, model) == ["When does it end?", "Who signs?", "Who pays?"]
    assert asked(desk_room, model, read=False) == ["When does it end?", "Who signs?"]
    assert asked(desk_room, model, answer=False) == ["Who pays?"]


def test_a_pair_is_not_asked_twice_of_one_model_but_of_another_one(desk_room: Desk, model: Model) -> None:
    suggest(desk_room, model, first_pair(desk_room))
    assert asked(desk_room, model) == ["Who signs?", "Who pays?"]
    assert len(asked(desk_room, None)) == 3
    with desk_room.store.read() as cursor:
        left = suggesting.waiting(cursor, desk_room.project, model)
    assert (left.without, left.given) == (1, 1)


def test_a_pair_that_is_decided_is_not_asked(desk_room: Desk, model: Model) -> None:
    one_opinion(desk_room)
    desk_room.say(desk_room.ana, "reject")
    assert "When does it end?" not in asked(desk_room, model)


def test_a_later_round_is_asked_with_the_text_that_it_starts_from(desk_room: Desk, model: Model) -> None:
    one_opinion(desk_room)
    pair_id = first_pair(desk_room)
    desk_room.say(desk_room.ana, "approve", response="In June.")
    reopen(desk_room, pair_id)
    with desk_room.store.read() as cursor:
        found = suggesting.choose(cursor, desk_room.project, model, limit=10)
    assert {each.instruction: each.response for each in found}["When does it end?"] == "In June."
    assert found[-1].response  # those without a response come first


def test_the_desk_offers_the_newest_answer_without_a_word_on_its_model(desk_room: Desk, model: Model) -> None:
    pair_id = first_pair(desk_room)
    suggest(desk_room, model, pair_id, "An older one.")
    newest = suggest(desk_room, model, pair_id).model_copy(update={"run_id": "later"})
    desk_room.store.write(lambda cursor: suggestions.add(cursor, [newest.model_copy(update={"id": new_id()})]))
    view = next_view(desk_room.store, desk_room.project, desk_room.ana)
    assert view.suggestion is not None
    assert view.suggestion.response == ANSWER
    assert view.suggestion.model_dump().keys() == {"id", "response"}
    assert model.id not in view.model_dump_json()
    assert model.name not in view.model_dump_json()


def test_a_project_may_keep_answers_away_and_a_text_that_is_there_needs_none(desk_room: Desk, model: Model) -> None:
    pair_id = first_pair(desk_room)
    suggest(desk_room, model, pair_id)
    one_opinion(desk_room, suggestions="off")
    assert desk_room.next(desk_room.ana).suggestion is None
    one_opinion(desk_room, suggestions="ask")
    desk_room.say(desk_room.ana, "approve", response="In June.")
    reopen(desk_room, pair_id)
    again = desk_room.next(desk_room.ana)
    assert again.pair is not None
    assert (again.pair.id, again.suggestion) == (pair_id, None)


def test_an_answer_that_was_taken_as_it_is_becomes_a_text_that_says_so(desk_room: Desk, model: Model) -> None:
    one_opinion(desk_room)
    made = suggest(desk_room, model, first_pair(desk_room))
    revision_id = decide(desk_room, made)
    with desk_room.store.read() as cursor:
        text, (review,) = pairs.revision(cursor, revision_id), reviews.current(cursor, made.pair_id)
        pair = pairs.get(cursor, made.pair_id)
    assert (text.reason, text.response, text.author_id) == ("suggestion", ANSWER, desk_room.ana.id)
    assert (review.suggestion_id, pair.approved_revision) == (made.id, revision_id)


def test_an_answer_that_was_edited_is_a_review_like_any_other(desk_room: Desk, model: Model) -> None:
    revision_id = decide(desk_room, suggest(desk_room, model, first_pair(desk_room)), response="It ends in June.")
    with desk_room.store.read() as cursor:
        assert pairs.revision(cursor, revision_id).reason == "review"


def test_an_opinion_cannot_name_the_answer_to_another_pair(desk_room: Desk, model: Model) -> None:
    first_pair(desk_room)
    other = suggest(desk_room, model, desk_room.fill(1)[0])
    with pytest.raises(InputError, match="is none for pair #1"):
        decide(desk_room, other)


def test_no_answer_is_approved_unless_an_expert_approves_it(desk_room: Desk, model: Model) -> None:
    made = suggest(desk_room, model, first_pair(desk_room))
    with pytest.raises(InputError, match="An empty response cannot be approved"):
        decide(desk_room, made, response=None)
    with desk_room.store.read() as cursor:
        assert pairs.get(cursor, made.pair_id).approved_revision is None
        assert [text.response.strip() for text in pairs.revisions(cursor, made.pair_id)] == [""]


def test_what_became_of_the_answers_is_counted(desk_room: Desk, model: Model) -> None:
    one_opinion(desk_room)
    said: list[tuple[Verdict, str | None]] = [("approve", ANSWER), ("approve", "It ends in June."), ("reject", None)]
    for decision, response in said:
        pair_id = first_pair(desk_room)
        decide(desk_room, suggest(desk_room, model, pair_id), decision, response)
    with desk_room.store.read() as cursor:
        found = suggesting.taken(suggestions.uses_of_model(cursor, model.id))
        assert suggesting.taken(suggestions.uses_of_run(cursor, "another run")).shown == 0
    assert (found.shown, found.as_it_was, found.edited, found.rejected, found.skipped) == (3, 1, 1, 1, 0)
    assert found.words_changed == 5  # It, June; The, lease, May
    assert suggesting.in_words(found) == (
        "Experts saw 3 of its answers: 1 taken word for word, 1 edited (median 5 words), 1 rejected."
    )


def test_an_opinion_that_was_taken_back_counts_no_more(desk_room: Desk, model: Model) -> None:
    decide(desk_room, suggest(desk_room, model, first_pair(desk_room)))
    desk_room.undo(desk_room.ana)
    with desk_room.store.read() as cursor:
        assert suggestions.uses_of_model(cursor, model.id) == []


def test_an_export_with_provenance_names_the_model_whose_answer_was_taken(
    desk_room: Desk, model: Model, tmp_path: Path
) -> None:
    one_opinion(desk_room)
    decide(desk_room, suggest(desk_room, model, first_pair(desk_room)))
    choice, to = Choice(format="pairs", provenance=True), tmp_path / "pairs.jsonl"
    export(desk_room.store, desk_room.project, desk_room.lead, choice, to, prompt=lambda *_: "")
    (row,) = [json.loads(line) for line in to.read_text(encoding="utf-8").splitlines()]
    assert [version["why"] for version in row["provenance"]["versions"]] == ["import", "suggestion"]
    assert [review["suggested_by"] for review in row["provenance"]["reviews"]] == ["Iteration X"]
