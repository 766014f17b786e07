"""The page of the checks: what was found, and what a lead has mended from it."""

from browsing import Browser

from hone.platform import runtime as processes
from hone.storage import pairs
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store

LETTER = "My number is +49 30 901820. <script>alert(1)</script> Please tell me when the new kettle arrives."
NEW = [
    NewPair(instruction="Reply.", context=LETTER, response="Your new kettle arrives on Monday, with a new bill."),
    NewPair(instruction="Reply.", context=LETTER, response="Your new kettle arrives on Monday, with a new bill. "),
    NewPair(instruction="Write <b>bold</b> words.", response="We recieve <b>it</b>."),
]


def found(store: Store, project: Project, lead: Person) -> None:
    store.write(lambda cursor: pairs.add(cursor, project.id, NEW, author_id=lead.id))
    processes.current().checker.finish(project.id, 100)


def test_a_lead_sees_what_was_found_and_mends_it(store: Store, project: Project, lead: Person) -> None:
    found(store, project, lead)
    page = Browser(store, lead).go("pairs").press("Checks")
    assert "Personal data" in page.text
    assert "+49 30 901820" in page.text
    page.press("mend-personal_data")
    assert "2 pairs mended." in page.text
    with store.read() as cursor:
        texts = [pair.context for pair in pairs.listing(cursor, project.id)]
    assert "My number is [phone]." in texts[0]
    assert "1 of 3 pairs checked, it goes on by itself" in page.text
    assert "+49 30 901820" not in page.text


def test_the_pairs_of_a_kind_are_shown_from_there(store: Store, project: Project, lead: Person) -> None:
    found(store, project, lead)
    page = Browser(store, lead).go("pairs").press("Checks").press("show-duplicate")
    assert [row for row in page.buttons() if row == "Open"] == ["Open"]


def test_an_expert_sees_the_counts_and_mends_nothing(store: Store, project: Project, lead: Person, ana: Person) -> None:
    found(store, project, lead)
    page = Browser(store, ana).go("pairs").press("Checks")
    assert "Duplicate" in page.text
    assert not [each for each in page.page.button if (each.key or "").startswith("mend-")]


def test_text_of_a_pair_stays_text(store: Store, project: Project, lead: Person) -> None:
    store.write(
        lambda cursor: pairs.add(
            cursor, project.id, [NewPair(instruction="Reply.", response="<i>a@b.example</i> yes")], author_id=lead.id
        )
    )
    processes.current().checker.finish(project.id, 100)
    page = Browser(store, lead).go("pairs").press("Checks")
    assert "<i>" not in page.source
