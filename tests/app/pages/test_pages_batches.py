"""What a lead does with slices on the pages: filter, send, ask for more, see what is missing, freeze, compare."""

from browsing import Browser

from hone.labeling.opinions import record_reviews
from hone.storage import batches, pairs
from hone.storage.pairs import NewPair, Pair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store, insert


def fill(store: Store, project: Project, lead: Person, approved: int) -> None:
    """24 pairs, every fourth about tax; Ana approves the first ones."""
    new = [
        NewPair(
            instruction="Explain.",
            context=f"clause {n} {n * 37 % 101}",
            response=f"it says {n} {n * 11 % 97}",
            group=f"doc {n % 8}",
            metadata={"topic": "law" if n % 4 else "tax"},
        )
        for n in range(1, 25)
    ]
    store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id))
    rows = [{"key": f"#{n}", "annotator": "ana", "decision": "approve"} for n in range(1, approved + 1)]
    assert record_reviews(store, project, lead, rows).refused == ()


def at(seen: Browser, name: str, where: str) -> Browser:
    """Open a page by an address with a filter in it."""
    seen.page.query_params["where"] = where
    return seen.go(name)


def listed(store: Store, project: Project) -> dict[int, Pair]:
    with store.read() as cursor:
        return {pair.number: pair for pair in pairs.listing(cursor, project.id)}


def test_the_address_holds_the_filter_and_a_chip_takes_a_part_away(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    fill(store, project, lead, 8)
    seen = at(Browser(store, lead), "pairs", "state=approved metadata.topic=tax")
    assert seen.buttons().count("Open") == 2
    seen.press("topic\\: tax")
    assert seen.buttons().count("Open") == 8
    assert seen.page.query_params["where"] == "state=approved"
    assert seen.press("Clear").buttons().count("Open") == 24


def test_a_box_of_the_filter_narrows_the_list(store: Store, project: Project, lead: Person, ana: Person) -> None:
    fill(store, project, lead, 0)
    seen = Browser(store, lead).go("pairs")
    seen.widget("selectbox", "pairs-metadata.topic").set_value("tax").run()
    assert seen.page.query_params["where"] == "metadata.topic=tax"
    assert "6 pairs" in seen.text
    seen.widget("text_input", "pairs-text").input("words=clause by=ana").run()
    assert "No pair fits" in seen.text


def test_a_filter_that_cannot_be_says_what_there_is_and_shows_all(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    fill(store, project, lead, 0)
    seen = at(Browser(store, lead), "pairs", "metadata.topic=art")
    assert "There are: law, tax." in seen.text
    assert seen.buttons().count("Open") == 24


def test_an_expert_has_no_filter_by_what_others_said(store: Store, project: Project, lead: Person, ana: Person) -> None:
    fill(store, project, lead, 2)
    seen = at(Browser(store, ana), "pairs", "by=lena")
    assert "Only a lead chooses pairs by" in seen.text
    assert not [key for key in seen.keys if key.startswith(("pairs-flag", "pairs-by", "send-", "ask-"))]


def test_a_slice_goes_to_the_experts_with_a_reason(store: Store, project: Project, lead: Person, ana: Person) -> None:
    fill(store, project, lead, 4)
    seen = at(Browser(store, lead), "pairs", "metadata.topic=tax")
    seen.press("send-go")
    assert "Say why these pairs go back" in seen.text
    seen.widget("text_input", "send-why").input("Too soft")
    seen.press("send-go")
    assert "5 moved to the front of the queue." in seen.text
    assert [number for number, pair in listed(store, project).items() if pair.why == "Too soft"] == [8, 12, 16, 20, 24]


def test_more_opinions_are_asked_for_on_a_slice(store: Store, project: Project, lead: Person, ana: Person) -> None:
    fill(store, project, lead, 4)
    seen = at(Browser(store, lead), "pairs", "metadata.topic=tax")
    seen.widget("number_input", "ask-opinions").set_value(3)
    seen.press("ask-go")
    assert "5 open pairs now ask for 3." in seen.text
    found = listed(store, project)
    assert (found[8].wanted, found[9].wanted) == (3, 1)


def test_the_plan_shows_balance_and_what_is_missing_and_freezes_the_filter(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    fill(store, project, lead, 22)
    seen = Browser(store, lead).go("batches")
    assert "h-cuts" in seen.source
    assert "5 of 20" in seen.text
    assert "1 pair not decided yet" in seen.text
    seen = at(seen, "batches", "metadata.topic=law")
    seen.widget("text_input", "batch-name").input("Law")
    seen.press("Freeze this batch")
    with store.read() as cursor:
        [batch] = batches.listing(cursor, project.id)
    assert (batch.name, batch.chosen.metadata, batch.left_out) == (
        "Law", {"topic": "law"}, {"not in the filter": 6, "open": 1},
    )  # fmt: skip
    assert "metadata.topic=law" in seen.text


def test_two_batches_are_compared(store: Store, project: Project, lead: Person, ana: Person) -> None:
    fill(store, project, lead, 20)
    seen = at(Browser(store, lead), "batches", "metadata.topic=law").press("Freeze this batch")
    seen = at(seen, "batches", "").press("Freeze this batch").press("Compare with batch 1")
    assert "Added" in seen.text
    assert "only in batch 2" in seen.text
    seen.press("All batches").press("open-")
    assert "Split by group with seed 7" in seen.text


def test_the_story_of_a_pair_tells_why_it_was_sent_and_what_was_found(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    fill(store, project, lead, 4)
    found = {"pair_id": listed(store, project)[4].id, "kind": "spelling", "field": "response", "says": "A new word."}
    store.write(lambda cursor: insert(cursor, "finding", {**found, "span_start": 0, "span_end": 2, "fix": None}))
    seen = at(Browser(store, lead), "pairs", "metadata.topic=tax state=approved")
    seen.widget("text_input", "send-why").input("Too soft")
    seen.widget("checkbox", "send-reopen").check()
    seen.press("send-go")
    seen = at(seen, "pairs", "metadata.topic=tax").press("Open")
    assert "sent it to the experts" in seen.text
    assert "“Too soft”" in seen.text
    assert '<mark title="Spelling: A new word.">it</mark>' in seen.source
