"""What a lead and an admin do on their pages: import, adjudicate, freeze, report, decide, send back, change, invite."""

import json

import pytest
from browsing import Browser
from factories import add_pairs, new_pairs
from judged import answered_batch

from hone.evaluation import assemble, judging, matchups
from hone.evaluation.judging import Verdict
from hone.labeling import desk
from hone.labeling.desk import Opinion
from hone.labeling.files.exporting import Choice
from hone.platform import runtime as processes
from hone.platform.views import exporting
from hone.storage import batches, models, pairs, people, projects, reports, reviews, runs, seats
from hone.storage.filters import PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id, now
from hone.storage.runs import RunEvent
from hone.storage.store import Store


def approved(store: Store, project: Project, expert: Person, lead: Person, count: int) -> list[str]:
    new = [pair.model_copy(update={"group": f"group {number}"}) for number, pair in enumerate(new_pairs(count))]
    ids = store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id))
    for _ in ids:
        view = desk.next_view(store, project, expert)
        assert view.lease
        desk.submit(store, project, expert, view.lease.token, Opinion(decision="approve"), new_id())
    return ids


@pytest.fixture
def disputed(store: Store, project: Project, lead: Person, ana: Person, ben: Person) -> tuple[Project, str]:
    settings = project.settings.model_copy(update={"overlap": 2, "agree": 2})
    project = store.write(lambda cursor: projects.change(cursor, project, settings, lead))
    pair_id = add_pairs(store, project, 1, lead, wanted=2)[0]
    for person, text in ((ana, None), (ben, "Order 37 left today.")):
        view = desk.next_view(store, project, person)
        assert view.lease
        desk.submit(store, project, person, view.lease.token, Opinion(decision="approve", response=text), new_id())
    return project, pair_id


def test_a_dispute_shows_versions_without_names(store: Store, lead: Person, disputed: tuple[Project, str]) -> None:
    seen = Browser(store, lead).go("adjudicate")
    assert "Version A" in seen.text
    assert "Version B" in seen.text
    assert "<ins>" in seen.source
    assert not [name for name in ("ana", "ben") if f">{name}<" in seen.source]


def test_the_chosen_version_becomes_the_approved_text(
    store: Store, lead: Person, disputed: tuple[Project, str]
) -> None:
    seen = Browser(store, lead).go("adjudicate")
    assert [each.disabled for each in seen.page.button if each.label == "Approve this text"] == [True]
    seen.press("A text of mine")
    seen.widget("text_area", "own-").input("A text of the lead.")
    seen.widget("text_input", "reason-").input("Both were vague.")
    seen.press("Approve this text")
    with store.read() as cursor:
        pair = pairs.get(cursor, disputed[1])
        decided = reviews.adjudications(cursor, disputed[0].id)[0]
        assert pairs.revision(cursor, pair.approved_revision or "").response == "A text of the lead."
    assert (pair.state, decided.reason) == ("approved", "Both were vague.")
    assert "Nobody differs" in seen.text


def test_one_pair_tells_the_lead_its_story_and_an_expert_no_opinion(
    store: Store, lead: Person, ana: Person, disputed: tuple[Project, str]
) -> None:
    told = Browser(store, lead).go("pairs").press("Open")
    assert "Expert B" in told.text
    assert "changed the response" in told.text
    kept = Browser(store, ana).go("pairs").press("Open")
    assert "changed the response" not in kept.text
    assert "What others said is kept back" in kept.text


def test_pairs_are_found_by_state_and_words(store: Store, project: Project, lead: Person) -> None:
    add_pairs(store, project, 30, lead)
    seen = Browser(store, lead).go("pairs")
    assert "Later" in seen.buttons()
    seen.widget("text_input", "pairs-words").input("letter 29 asks").run()
    assert seen.buttons().count("Open") == 1
    seen.widget("button_group", "pairs-state").set_value("approved").run()
    assert "No pair fits" in seen.text


def test_a_file_is_imported_with_its_bad_rows_named(store: Store, project: Project, lead: Person) -> None:
    rows = [{"prompt": "Say hello.", "answer": "Hello."}, {"prompt": "", "answer": "Nothing."}]
    body = "\n".join(json.dumps(row) for row in rows) + "\n{broken\n"
    seen = Browser(store, lead).go("pairs").press("Import a file")
    seen.page.file_uploader[0].upload("mine.jsonl", body.encode()).run()
    seen.whole()
    assert "These rows will be refused" in seen.text
    assert "line 3" in seen.text
    with store.read() as cursor:
        assert pairs.listing(cursor, project.id) == []
    seen.press("Import 1 pair")
    with store.read() as cursor:
        assert [pair.instruction for pair in pairs.listing(cursor, project.id)] == ["Say hello."]
    assert "line 3" in seen.text
    assert "the instruction is missing or empty" in seen.text


def test_a_file_without_an_instruction_asks_for_one_text_for_all(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("pairs").press("Import a file")
    seen.page.file_uploader[0].upload("mine.csv", b"text,summary\nA long clause.,Short.\n").run()
    assert "Choose what gives the instruction" in seen.text
    seen.widget("text_input", "instruction-text-").input("Say it in plain English.").run()
    seen.press("Import 1 pair")
    with store.read() as cursor:
        [pair] = pairs.listing(cursor, project.id)
    assert (pair.instruction, pair.context) == ("Say it in plain English.", "A long clause.")


def test_a_file_that_is_known_already_has_nothing_to_import(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("pairs").press("Import a file")
    body = b"prompt,answer\nSay hello.,Hello.\n"
    seen.page.file_uploader[0].upload("mine.csv", body).run()
    seen.press("Import 1 pair").press("Import another file")
    seen.page.file_uploader[0].upload("again.csv", body).run()
    assert "There is nothing to import" in seen.text


def test_pairs_that_a_filter_means_can_be_downloaded(store: Store, project: Project, lead: Person) -> None:
    add_pairs(store, project, 3, lead)
    choice = Choice(format="alpaca", wanted=PairFilter(states=("open",)))
    lines = exporting.made_bytes(store, project, lead, choice).splitlines()
    assert [json.loads(line)["instruction"] for line in lines] == [f"Answer letter {number}." for number in (1, 2, 3)]


def test_approved_pairs_are_frozen_and_the_batch_verified(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    approved(store, project, ana, lead, 8)
    seen = Browser(store, lead).go("batches").press("Freeze this batch")
    with store.read() as cursor:
        batch = batches.listing(cursor, project.id)[0]
    assert batch.sha256 in "".join(each.value for each in seen.page.code)
    assert "Nothing was approved since" in seen.text
    assert "is what was frozen" in seen.press("Verify").text


def test_too_few_pairs_are_one_clear_message(store: Store, project: Project, lead: Person, ana: Person) -> None:
    approved(store, project, ana, lead, 1)
    seen = Browser(store, lead).go("batches")
    assert "Freeze this batch" not in seen.buttons()
    assert 'role="alert"' in seen.source


def test_a_run_shows_its_numbers_losses_and_end(store: Store, project: Project, lead: Person) -> None:
    batch, _, _ = answered_batch(store, project, lead, items=2)
    with store.read() as cursor:
        number = runs.next_number(cursor)
    run = store.write(
        lambda cursor: runs.add(
            cursor,
            number=number,
            project_id=project.id,
            kind="train",
            batch_id=batch.id,
            config={"epochs": 3},
            created_by=lead.id,
        )
    )
    told = [
        RunEvent(seq=1, kind="metric", body={"step": 1, "loss": 3.25}, at_time=now()),
        RunEvent(seq=2, kind="metric", body={"step": 2, "loss": 2.5, "validation_loss": 2.75}, at_time=now()),
    ]
    store.write(lambda cursor: runs.ingest(cursor, run.id, told, 10))
    store.write(lambda cursor: runs.set_status(cursor, run.id, "failed", "Out of memory."))
    seen = Browser(store, lead).go("training").press(f"open-{run.id}")
    assert "2.500" in seen.text
    assert "2.750" in seen.text
    assert "Out of memory." in seen.text
    assert "Loss over 2 steps" in seen.text
    assert "Resume" in seen.buttons()


def test_the_report_is_made_read_and_followed_by_a_decision(store: Store, project: Project, lead: Person) -> None:
    batch, new, old = answered_batch(store, project, lead, items=6)
    matchups.make(store, project, lead, batch, new, old)
    seen = Browser(store, lead).go("reports").press("Make the report")
    assert "Cannot tell yet" in seen.text
    seen.press("Promote")
    assert "Say in a few words why to promote" in seen.text
    seen.widget("text_input", "why-").input("Clearly kinder.")
    seen.press("Promote")
    with store.read() as cursor:
        decision = models.decisions(cursor, project.id)[0]
        made = reports.listing(cursor, project.id)[0]
    assert (decision.decision, decision.reason, decision.report_id) == ("promote", "Clearly kinder.", made.id)


def test_regressions_of_a_report_go_back_to_the_experts(
    store: Store, project: Project, lead: Person, dora: Person
) -> None:
    batch, new, old = answered_batch(store, project, lead, items=4)
    made = matchups.make(store, project, lead, batch, new, old)
    for _ in range(4):
        view = judging.next_view(store, made, dora)
        worse = "left" if view.left.startswith("worse") else "right"
        judging.submit(store, dora, view.token or "", Verdict.model_validate({"choice": worse}), new_id())
    assemble.make(store, project, lead, made=made)
    seen = Browser(store, lead).go("reports").press("Open").press("Send to the queue")
    assert "3 moved to the front of the queue" in seen.text
    with store.read() as cursor:
        sent = [pair for pair in pairs.listing(cursor, project.id) if pair.why != "new"]
        assert seats.sent_back(cursor, project.id) == len(sent) == 3
    assert sent[0].why == "report 1: the new model got worse here"


def test_a_change_of_the_rules_is_a_new_version(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    seen.widget("number_input", "judges-").set_value(3)
    [each for each in seen.page.button if each.label == "Save"][-1].click().run()
    seen.whole()
    with store.read() as cursor:
        changed = projects.get(cursor, project.id)
    assert (changed.version, changed.settings.judges) == (2, 3)
    assert changed.settings.rubric == project.settings.rubric


def test_rules_that_contradict_each_other_are_refused(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    seen.widget("number_input", "agree-").set_value(4)
    [each for each in seen.page.button if each.label == "Save"][-1].click().run()
    assert "agree (4) cannot be more than overlap (1)" in seen.text
    with store.read() as cursor:
        assert projects.get(cursor, project.id).version == 1


def test_a_new_person_gets_a_link_that_is_shown_once(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("people")
    seen.widget("text_input", "person-name").input("mia")
    seen.press("Add")
    link = seen.page.code[0].value
    with store.read() as cursor:
        invited = people.invited(cursor, link.partition("token=")[2])
    assert invited
    assert (invited.name, invited.roles) == ("mia", ("expert",))
    assert not seen.go("people").page.code


def test_the_only_admin_stays_one(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("people")
    seen.widget("button_group", f"roles-{lead.id}").set_value(["lead"]).run()
    assert "is the only admin" in seen.text
    with store.read() as cursor:
        assert "admin" in people.get(cursor, lead.id).roles


def test_the_pages_stand_on_the_open_workspace(store: Store) -> None:
    assert processes.current().store is store
