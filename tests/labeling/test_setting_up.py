"""A project begins: with its settings, guidelines made of examples, and the first gold pairs."""

import pytest

from hone.labeling.projects import setting_up
from hone.labeling.projects.defaults import default_settings
from hone.storage import gold, pairs, projects
from hone.storage.errors import InputError
from hone.storage.people import Person
from hone.storage.projects import Example, Project
from hone.storage.store import Store

GOOD = Example(instruction="Say when rent is due.", response="On the 3rd.", good=True, why="It says the day.")
BAD = Example(instruction="Say when rent is due.", response="Soon.\n\nVery soon.", good=False, why="No day.")


def begun(store: Store, lead: Person, *examples: Example) -> Project:
    settings = default_settings(examples=examples)
    return store.write(lambda cursor: setting_up.begin(cursor, "leases", settings, lead))


def test_examples_become_gold_pairs_with_their_decision_and_reason(store: Store, lead: Person) -> None:
    project = begun(store, lead, GOOD, BAD)
    with store.read() as cursor:
        known = gold.of_project(cursor, project.id)
        texts = pairs.many(cursor, [each.pair_id for each in known])
    assert [(each.decision, each.reason) for each in known] == [("approve", "It says the day."), ("reject", "No day.")]
    assert texts[known[0].pair_id].response == "On the 3rd."
    assert {each.kind for each in texts.values()} == {"gold"}


@pytest.mark.parametrize(
    ("examples", "says"),
    [
        ([GOOD, GOOD], "Good answer 2 is there twice"),
        ([GOOD, BAD.model_copy(update={"response": " "})], "Answer to avoid 1 has no response"),
        ([GOOD.model_copy(update={"instruction": ""})], "Good answer 1 has no instruction"),
        ([GOOD.model_copy(update={"response": "\x00"})], "response of good answer 1 holds a NUL byte"),
    ],
)
def test_an_example_that_cannot_be_a_pair_is_named_and_nothing_begins(
    store: Store, lead: Person, examples: list[Example], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        begun(store, lead, *examples)
    with store.read() as cursor:
        assert projects.everything(cursor) == []


def test_guidelines_gain_the_examples_under_their_headings() -> None:
    written = setting_up.with_examples("# Tone\n\n- kind", [GOOD, BAD])
    assert written == (
        "# Tone\n\n- kind\n\n# Good answers\n\nAsked: Say when rent is due.\nAnswered: On the 3rd.\n"
        "Why: It says the day.\n\n# Answers to avoid\n\nAsked: Say when rent is due.\nAnswered: Soon.\nVery soon.\n"
        "Why: No day."
    )
    more = setting_up.with_examples(written, [Example(instruction="Hello?", response="Hello.", good=True)])
    assert more.index("Hello?") < more.index("# Answers to avoid")
    assert setting_up.with_examples("", []) == ""


def test_one_more_example_is_a_new_version_with_a_gold_pair(store: Store, lead: Person) -> None:
    project = begun(store, lead, GOOD)
    changed, is_gold = store.write(lambda cursor: setting_up.add_example(cursor, project, BAD, lead))
    assert (changed.version, len(changed.settings.examples), is_gold) == (2, 2, True)
    assert "# Answers to avoid" in changed.settings.guidelines
    with store.read() as cursor:
        assert len(gold.of_project(cursor, project.id)) == 2


def test_an_example_that_is_a_pair_already_is_no_gold_pair(store: Store, lead: Person) -> None:
    project = begun(store, lead)
    new = pairs.NewPair(instruction=GOOD.instruction, response=GOOD.response)
    store.write(lambda cursor: pairs.add(cursor, project.id, [new], author_id=lead.id))
    changed, is_gold = store.write(lambda cursor: setting_up.add_example(cursor, project, GOOD, lead))
    assert not is_gold
    assert GOOD in changed.settings.examples
