"""Blind judging over a real store: sides, leases, undo, sheets, and the report of what was said."""

from collections import Counter

import pytest
from factories import add_person
from hypothesis import given
from hypothesis import strategies as st
from judged import answered_batch

from hone.evaluation import assemble, judging, matchups
from hone.evaluation.judging import Verdict
from hone.evaluation.votes import Preference
from hone.storage import matchups as stored_matchups
from hone.storage import models, reports
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, Forbidden, InputError
from hone.storage.matchups import MatchupSet
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id
from hone.storage.store import Cursor, Store


@pytest.fixture
def judged(store: Store, project: Project, lead: Person) -> tuple[Batch, Model, Model]:
    """A batch of 12 test items that two models answered; to two of them alike."""
    return answered_batch(store, project, lead, items=12, alike=2)


@pytest.fixture
def made(store: Store, project: Project, lead: Person, judged: tuple[Batch, Model, Model]) -> MatchupSet:
    batch, new, old = judged
    return matchups.make(store, project, lead, batch, new, old)


def judge_all(store: Store, made: MatchupSet, person: Person, prefers: str = "better") -> int:
    """Judge until nothing waits, always for the answer that holds a word; gives how many."""
    for count in range(100):
        view = judging.next_view(store, made, person)
        if view.token is None:
            return count
        choice = "left" if prefers in view.left else "right"
        judging.submit(store, person, view.token, Verdict.model_validate({"choice": choice}), new_id())
    raise AssertionError("the queue does not end")


@given(st.integers(), st.text(min_size=1), st.sets(st.text(min_size=1), max_size=40))
def test_sides_are_a_pure_function_balanced_to_within_one(seed: int, person: str, ids: set[str]) -> None:
    drawn = matchups.sides(seed, person, sorted(ids))
    assert drawn == matchups.sides(seed, person, sorted(ids, reverse=True))
    counts = Counter(drawn.values())
    assert abs(counts["new"] - counts["old"]) <= 1
    assert set(drawn) == ids


def test_two_reviewers_see_other_sides_and_another_order() -> None:
    ids = [f"matchup {number}" for number in range(60)]
    one, other = matchups.sides(7, "dora", ids), matchups.sides(7, "emil", ids)
    assert list(one) != list(other)
    assert 15 < sum(one[name] == other[name] for name in ids) < 45


def test_equal_answers_are_left_out_and_counted(store: Store, made: MatchupSet) -> None:
    progress = matchups.progress(store, made)
    assert (progress.matchups, progress.identical) == (10, 2)
    assert progress.wanted == 10 * made.wanted


def test_a_size_draws_the_same_matchups_every_time(
    store: Store, project: Project, lead: Person, judged: tuple[Batch, Model, Model]
) -> None:
    batch, new, old = judged
    first = matchups.make(store, project, lead, batch, new, old, size=4)
    second = matchups.make(store, project, lead, batch, new, old, size=4)
    with store.read() as cursor:
        drawn = [set(stored_matchups.pair_of(cursor, each.id).values()) for each in (first, second)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 4


def test_a_model_cannot_be_compared_with_itself_or_before_it_answered(
    store: Store, project: Project, lead: Person, judged: tuple[Batch, Model, Model]
) -> None:
    batch, new, _ = judged
    silent = store.write(lambda cursor: _silent_model(cursor, project))
    with pytest.raises(InputError, match="cannot be compared with itself"):
        matchups.make(store, project, lead, batch, new, new)
    with pytest.raises(Conflict, match="has answered 0 of the 12 test items"):
        matchups.make(store, project, lead, batch, silent, new)


def test_the_view_names_no_model_and_holds_both_whole_answers(store: Store, made: MatchupSet, dora: Person) -> None:
    view = judging.next_view(store, made, dora)
    shown = view.model_dump_json()
    for telling in ("iteration", "base", "new", "old", "toy", "run", "sha"):
        assert telling not in shown.replace("is better than before", "").lower()
    assert {view.left.split()[0], view.right.split()[0]} == {"better", "worse"}


def test_the_same_matchup_and_sides_come_back_until_it_is_judged(store: Store, made: MatchupSet, dora: Person) -> None:
    assert judging.next_view(store, made, dora) == judging.next_view(store, made, dora)


def test_a_reviewer_judges_each_matchup_once_and_the_side_is_stored(
    store: Store, made: MatchupSet, dora: Person
) -> None:
    assert judge_all(store, made, dora) == 10
    with store.read() as cursor:
        given = stored_matchups.current(cursor, made.id)
    assert len({judgement.matchup_id for judgement in given}) == 10
    assert Counter(judgement.left_side for judgement in given) == {"new": 5, "old": 5}
    assert all((judgement.choice == "left") == (judgement.left_side == "new") for judgement in given)


def test_no_more_reviewers_than_wanted_get_a_matchup(store: Store, made: MatchupSet, dora: Person) -> None:
    emil, fay = add_person(store, "emil", "reviewer"), add_person(store, "fay", "reviewer")
    judge_all(store, made, dora)
    judge_all(store, made, emil)
    assert judging.next_view(store, made, fay).token is None


def test_a_late_judgement_beyond_the_wanted_is_refused(store: Store, made: MatchupSet, dora: Person) -> None:
    late = judging.next_view(store, made, dora)
    assert late.token
    store.write(lambda cursor: cursor.execute("update lease set expires_at = created_at - interval 1 hour"))
    for name in ("emil", "fay"):
        judge_all(store, made, add_person(store, name, "reviewer"))
    with pytest.raises(Conflict, match="Enough reviewers"):
        judging.submit(store, dora, late.token, Verdict(choice="left"), new_id())


def test_the_same_request_twice_is_one_judgement(store: Store, made: MatchupSet, dora: Person) -> None:
    view = judging.next_view(store, made, dora)
    assert view.token
    first = judging.submit(store, dora, view.token, Verdict(choice="tie"), "request-1")
    assert judging.submit(store, dora, view.token, Verdict(choice="tie"), "request-1") == first
    with pytest.raises(Conflict, match="judged this matchup already"):
        judging.submit(store, dora, view.token, Verdict(choice="left"), "request-2")


def test_a_request_key_of_somebody_else_or_of_another_matchup_is_refused(
    store: Store, made: MatchupSet, dora: Person
) -> None:
    emil = add_person(store, "emil", "reviewer")
    first, other = judging.next_view(store, made, dora).token, judging.next_view(store, made, emil).token
    assert first is not None
    assert other is not None
    judging.submit(store, dora, first, Verdict(choice="left"), "the key")
    with pytest.raises(Conflict, match="somebody else"):
        judging.submit(store, emil, other, Verdict(choice="right"), "the key")
    second = judging.next_view(store, made, dora).token
    assert second is not None
    with pytest.raises(Conflict, match="another matchup"):
        judging.submit(store, dora, second, Verdict(choice="right"), "the key")


def test_undo_is_a_new_row_and_brings_the_matchup_back_with_its_sides(
    store: Store, made: MatchupSet, dora: Person
) -> None:
    before = judging.next_view(store, made, dora)
    assert before.token
    judging.submit(store, dora, before.token, Verdict(choice="left"), "request-1")
    judging.undo(store, made, dora, "undo-1")
    judging.undo(store, made, dora, "undo-1")
    assert judging.next_view(store, made, dora) == before
    with store.read() as cursor:
        assert cursor.execute("select count(*) from judgement").fetchone() == (2,)
    assert judging.undo(store, made, dora, "undo-2") is None


def test_a_skip_cannot_be_taken_back_when_others_have_judged_in_the_meantime(
    store: Store, made: MatchupSet, dora: Person
) -> None:
    view = judging.next_view(store, made, dora)
    assert view.token
    judging.submit(store, dora, view.token, Verdict(choice="skip"), "skip-1")
    assert judging.undo(store, made, dora, "undo-1")
    assert judging.next_view(store, made, dora).token == view.token
    judging.submit(store, dora, view.token, Verdict(choice="skip"), "skip-2")
    for name in ("emil", "fay"):
        judge_all(store, made, add_person(store, name, "reviewer"))
    with pytest.raises(Conflict, match="went to others"):
        judging.undo(store, made, dora, "undo-2")


def test_a_token_of_somebody_else_judges_nothing(store: Store, made: MatchupSet, dora: Person) -> None:
    view = judging.next_view(store, made, dora)
    assert view.token
    with pytest.raises(Conflict, match="not shown to you"):
        judging.submit(store, add_person(store, "emil", "reviewer"), view.token, Verdict(choice="left"), new_id())


def test_an_expert_cannot_judge_and_a_reviewer_cannot_make_sets(
    store: Store, project: Project, made: MatchupSet, judged: tuple[Batch, Model, Model], ana: Person, dora: Person
) -> None:
    with pytest.raises(Forbidden):
        judging.next_view(store, made, ana)
    with pytest.raises(Forbidden):
        matchups.make(store, project, dora, *judged)


def test_a_filled_sheet_is_recorded_once_and_bad_rows_are_named(
    store: Store, made: MatchupSet, lead: Person, dora: Person
) -> None:
    rows = [{"token": row.token, "choice": "left"} for row in judging.sheet(store, made, lead, dora)]
    bad = [{"token": "unknown", "choice": "left"}, {"token": rows[0]["token"], "choice": "maybe"}, {"choice": "left"}]
    recorded = judging.record(store, lead, [*rows, *bad])
    assert (recorded.added, recorded.known, [number for number, _ in recorded.refused]) == (10, 0, [11, 12, 13])
    again = judging.record(store, lead, rows)
    assert (again.added, again.known, again.refused) == (0, 10, ())
    assert judging.sheet(store, made, lead, dora) == []


def test_the_report_counts_the_votes_for_the_model_wherever_it_stood(
    store: Store, project: Project, made: MatchupSet, lead: Person, dora: Person
) -> None:
    judge_all(store, made, dora)
    judge_all(store, made, add_person(store, "emil", "reviewer"))
    stored = assemble.make(store, project, lead, made=made)
    report = assemble.parsed(stored)
    assert isinstance(report.preference, Preference)
    assert (report.preference.wins, report.preference.losses) == (20, 0)
    assert report.verdict.value == stored.verdict == "better"
    assert report.identical.count == 2
    with store.read() as cursor:
        assert reports.listing(cursor, project.id) == [stored]


def test_the_same_votes_give_the_same_report_but_for_its_time(
    store: Store, project: Project, made: MatchupSet, lead: Person, dora: Person
) -> None:
    judge_all(store, made, dora)
    one, _, _ = assemble.report_inputs(store, project, made=made)
    other, _, _ = assemble.report_inputs(store, project, made=made)
    assert one.model_copy(update={"made_at": other.made_at}) == other


def test_a_report_before_all_have_judged_says_so(
    store: Store, project: Project, lead: Person, made: MatchupSet, dora: Person
) -> None:
    judge_all(store, made, dora)
    early = assemble.parsed(assemble.make(store, project, lead, made=made))
    assert "10 of 20 judgements are in" in early.warnings[0]
    judge_all(store, made, add_person(store, "emil", "reviewer"))
    assert assemble.parsed(assemble.make(store, project, lead, made=made)).warnings == ()


def test_without_votes_the_report_cannot_tell(
    store: Store, project: Project, lead: Person, judged: tuple[Batch, Model, Model]
) -> None:
    _, new, old = judged
    stored = assemble.make(store, project, lead, new=new, old=old)
    assert stored.verdict != "better"
    with pytest.raises(InputError):
        assemble.make(store, project, lead)


def _silent_model(cursor: Cursor, project: Project) -> Model:
    return models.add(cursor, project.id, name="silent", base="toy", base_sha256="0" * 64, folder="nowhere")
