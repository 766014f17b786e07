"""Which rows blind judgements, approvals and rejections give, and what that costs in test items."""

from collections.abc import Callable

import pytest
from factories import add_person, new_pairs, opinion
from judged import answered_batch
from trained import add_trained

from hone.evaluation import judging
from hone.evaluation import matchups as making
from hone.labeling.batches import freezing as frozen
from hone.labeling.standing import settle
from hone.platform.runs import preference
from hone.platform.runs.preferred import from_matchups, from_reviews
from hone.storage import matchups, models, pairs, projects, runs
from hone.storage.errors import InputError
from hone.storage.matchups import MatchupSet
from hone.storage.models import ModelDecision
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import new_id, now
from hone.storage.store import Cursor, Store

Voted = Callable[[int], str]  # the position of an item: "better", "worse", "tie" or "skip"


@pytest.fixture
def emil(store: Store) -> Person:
    return add_person(store, "emil", "reviewer")


def judged(store: Store, project: Project, lead: Person, *voted: tuple[Person, Voted], together: int = 1) -> MatchupSet:
    """A set of 30 items, judged by each of these people as they would."""
    batch, new, old = answered_batch(store, project, lead, 30, together=together)
    made = making.make(store, project, lead, batch, new, old, wanted=max(1, len(voted)))
    for person, says in voted:
        vote_all(store, made, lead, person, says)
    return made


def vote_all(store: Store, made: MatchupSet, lead: Person, person: Person, says: Voted) -> None:
    """Fill in the person's blind sheet."""
    filled = []
    for row in judging.sheet(store, made, lead, person):
        said = says(number_of(row.instruction))
        left = "better" if row.left.startswith("better") else "worse"
        choice = said if said in ("tie", "skip") else "left" if said == left else "right"
        filled.append({"token": row.token, "choice": choice})
    assert judging.record(store, lead, filled).added == len(filled)


def number_of(row: str) -> int:
    return int(row.split()[1])


def test_an_item_counts_once_by_the_majority_of_its_decisive_votes(
    store: Store, project: Project, lead: Person, dora: Person, emil: Person
) -> None:
    fred = add_person(store, "fred", "reviewer")
    made = judged(
        store,
        project,
        lead,
        (dora, lambda n: "better"),
        (emil, lambda n: "worse" if n < 6 else "better"),
        (fred, lambda n: "worse" if n < 3 else "tie"),
    )
    with store.read() as cursor:
        found = from_matchups(cursor, project, made, making.models_of(cursor, made)[0], "dpo", leave=0)
    rows = {number_of(row.instruction): row for split in ("train", "validation") for row in found.rows[split]}
    assert rows[0].response == "worse reply 0"
    assert rows[0].rejected == "better reply 0"
    assert rows[9].response == "better reply 9"
    assert rows[9].rejected == "worse reply 9"
    assert not rows.keys() & {3, 4, 5}  # one vote each way, and a tie
    assert found.left_out == {"without a clear preference": 3}


def test_the_rows_stand_in_train_and_validation_by_group_the_same_each_time(
    store: Store, project: Project, lead: Person, dora: Person
) -> None:
    made = judged(store, project, lead, (dora, lambda n: "better"))
    with store.read() as cursor:
        first, again = [
            from_matchups(cursor, project, made, making.models_of(cursor, made)[0], "dpo", leave=10) for _ in range(2)
        ]
    assert first == again
    assert [len(first.rows[split]) for split in ("train", "validation", "test")] == [17, 3, 10]
    groups = [{row.group for row in first.rows[split]} for split in ("train", "validation", "test")]
    assert not (groups[0] & groups[1])
    assert not (groups[0] & groups[2])
    assert not (groups[1] & groups[2])
    assert (first.good, first.spent, first.left) == (20, 20, 10)
    assert first.left_out == {"kept back to test": 10}


def test_items_that_nobody_preferred_go_on_testing(store: Store, project: Project, lead: Person, dora: Person) -> None:
    made = judged(store, project, lead, (dora, lambda n: "tie" if n < 12 else "better"))
    with store.read() as cursor:
        found = from_matchups(cursor, project, made, making.models_of(cursor, made)[0], "dpo", leave=10)
    assert (found.good, found.left) == (18, 12)
    assert {number_of(row.instruction) for row in found.rows["test"]} == set(range(12))


def test_kto_takes_the_better_answer_as_good_and_the_other_as_bad(
    store: Store, project: Project, lead: Person, dora: Person
) -> None:
    made = judged(store, project, lead, (dora, lambda n: "better"))
    with store.read() as cursor:
        found = from_matchups(cursor, project, made, making.models_of(cursor, made)[0], "kto", leave=10)
    assert {(row.response.split()[0], row.good) for row in found.rows["train"]} == {("better", True), ("worse", False)}
    assert len({row.id for row in found.rows["train"]}) == 2 * 17


def test_an_item_learnt_from_burns_its_whole_group(store: Store, project: Project, lead: Person, dora: Person) -> None:
    made = judged(store, project, lead, (dora, lambda n: "better" if n % 2 else "tie"), together=2)
    with store.read() as cursor:
        found = from_matchups(cursor, project, made, making.models_of(cursor, made)[0], "dpo", leave=10)
    assert (found.good, found.spent, found.left) == (10, 20, 10)
    assert len(found.learnt) == 20


def test_before_the_click_the_price_is_said(store: Store, project: Project, lead: Person, dora: Person) -> None:
    made = judged(store, project, lead, (dora, lambda n: "better"))
    preview = preference.from_set(store, project, made).preview
    assert preview.says == (
        "20 test items will be learnt from; they no longer test this model or those that follow it: 10 are left."
    )
    assert preview.parent_name == "iteration 1"
    assert preview.problem is None


def test_fewer_than_eight_preferences_are_refused(store: Store, project: Project, lead: Person, dora: Person) -> None:
    made = judged(store, project, lead, (dora, lambda n: "better" if n < 7 else "tie"))
    problem = preference.from_set(store, project, made).preview.problem
    assert problem == (
        "Matchup set 1 gives 7 to learn from, and 8 are needed (left out: 23 without a clear preference): "
        "judge more items."
    )
    few = preference.from_set(store, project, made, leave=25).preview
    assert few.problem
    assert "leave fewer of them to test" in few.problem
    with pytest.raises(InputError, match="-1 test items cannot be left"):
        preference.from_set(store, project, made, leave=-1)


def test_an_unfinished_set_is_warned_of(store: Store, project: Project, lead: Person, dora: Person) -> None:
    made = judged(store, project, lead, (dora, lambda n: "skip" if n > 20 else "better"))
    warnings = preference.from_set(store, project, made, leave=0).preview.warnings
    assert warnings == ("9 judgements of this set are still to come.",)


def test_a_price_that_leaves_too_few_items_is_warned_of(
    store: Store, project: Project, lead: Person, dora: Person
) -> None:
    made = judged(store, project, lead, (dora, lambda n: "better"))
    assert preference.from_set(store, project, made, leave=0).preview.warnings == (
        "With 0 test items left the new model cannot be compared on this batch: freeze a new one first.",
    )


def test_a_rejected_model_is_not_trained_on(store: Store, project: Project, lead: Person, dora: Person) -> None:
    made = judged(store, project, lead, (dora, lambda n: "worse"))
    with store.read() as cursor:
        new, old = making.models_of(cursor, made)
    no = ModelDecision(
        id=new_id(), project_id=project.id, model_id=new.id, report_id=None, decision="reject", reason="worse",
        person_id=lead.id, created_at=now(),
    )  # fmt: skip
    store.write(lambda cursor: models.decide(cursor, no, lead))
    assert preference.from_set(store, project, made).preview.parent_name == old.name
    assert preference.from_set(store, project, made, parent=new).preview.parent_name == new.name


def test_items_that_the_parent_has_learnt_test_nothing_more(
    store: Store, project: Project, lead: Person, dora: Person
) -> None:
    made = judged(store, project, lead, (dora, lambda n: "tie" if n < 12 else "better"))
    with store.read() as cursor:
        new, _ = making.models_of(cursor, made)
        tied = [each.pair_id for each in matchups.matchups(cursor, made.id) if number_of(each.instruction) < 12]

    def learnt(cursor: Cursor) -> models.Model:
        run = runs.add(cursor, number=99, project_id=project.id, kind="train", batch_id=None, config={}, created_by="l")
        runs.learn_from(cursor, run.id, tied[:9])
        return models.add(
            cursor, project.id, name="second", base="toy", base_sha256=None, folder="m", run_id=run.id, parent_id=new.id
        )

    parent = store.write(learnt)
    assert preference.from_set(store, project, made, parent=parent, leave=0).preview.left == 3
    assert preference.from_set(store, project, made, leave=0).preview.left == 12


def test_approvals_are_good_and_rejections_bad_and_no_test_item_is_burnt(
    store: Store, lead: Person, ana: Person
) -> None:
    settings = ProjectSettings(overlap=1, agree=1)
    project = store.write(lambda cursor: projects.create(cursor, "letters", settings, lead))

    def decide(cursor: Cursor) -> None:
        ids = pairs.add(cursor, project.id, new_pairs(40), author_id=lead.id)
        for number, pair_id in enumerate(ids):
            opinion(cursor, pair_id, ana, "reject" if number % 4 == 0 else "approve")
            settle(cursor, project, pair_id)

    store.write(decide)
    batch = frozen.freeze(store, project, lead)
    parent = add_trained(store, project, lead, batch)
    with store.read() as cursor:
        found = from_reviews(cursor, project, batch, parent)
    assert found.good == batch.counts["train"]
    assert found.bad == 10
    assert len(found.rows["test"]) == batch.counts["test"] == found.left
    assert found.learnt == ()
    assert {row.good for row in found.rows["train"]} == {True, False}
    burnt = [row.id for row in found.rows["test"][:2]]
    store.write(lambda cursor: runs.learn_from(cursor, str(parent.run_id), burnt))
    with store.read() as cursor:
        again = from_reviews(cursor, project, batch, parent)
    assert again.left == found.left - 2
    assert not {row.id for row in again.rows["test"]} & set(burnt)
