"""Adjudicate, Team and My work: what waits for a lead, and figures that tell nobody too much."""

import pytest
from browsing import Browser
from factories import add_pairs

from hone.labeling import desk
from hone.labeling.desk import Opinion
from hone.labeling.spans import mark
from hone.storage import deciding, flags, pairs, projects
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id
from hone.storage.reviews import NewFlag
from hone.storage.store import Store


@pytest.fixture
def twice(store: Store, project: Project, lead: Person) -> Project:
    """The project with two opinions on each pair."""
    settings = project.settings.model_copy(update={"overlap": 2, "agree": 2})
    return store.write(lambda cursor: projects.change(cursor, project, settings, lead))


def say(store: Store, project: Project, person: Person, text: str | None = None, *marked: NewFlag) -> None:
    view = desk.next_view(store, project, person)
    assert view.lease
    opinion = Opinion(decision="approve", response=text, ratings={"tone": 4}, flags=marked, seconds=2, note="so")
    desk.submit(store, project, person, view.lease.token, opinion, new_id())


@pytest.fixture
def disputed(store: Store, twice: Project, lead: Person, ana: Person, ben: Person) -> str:
    [pair_id] = add_pairs(store, twice, 1, lead, wanted=2)
    say(store, twice, ana, "Ana's words", mark("Ana's words", "unsafe_advice", "words", severity=3))
    say(store, twice, ben, "Ben's words")
    return pair_id


def test_versions_are_compared_with_the_start_and_with_each_other(store: Store, lead: Person, disputed: str) -> None:
    seen = Browser(store, lead).go("adjudicate")
    assert "Compared with the start" in seen.buttons()
    assert "<del>Order 37 is on its way.</del>" in seen.source.replace("</del><del>", "")
    seen.press("Compared with the start")
    assert "Compared with version A" in seen.buttons()
    assert "Order 37" not in seen.source.split("Version A")[1]


def test_a_version_is_chosen_before_it_is_approved(store: Store, lead: Person, disputed: str) -> None:
    seen = Browser(store, lead).go("adjudicate").press("Version B").press("Approve this text")
    assert "Nobody differs" in seen.text
    with store.read() as cursor:
        assert pairs.get(cursor, disputed).state == "approved"


def test_a_version_goes_back_with_a_comment_and_the_desk_shows_it(
    store: Store, twice: Project, lead: Person, ana: Person, ben: Person, disputed: str
) -> None:
    seen = Browser(store, lead).go("adjudicate").press("Send back")
    seen.widget("button_group", "back-who-").set_value(["A", "B"])
    seen.widget("text_area", "back-why-").input("Name the date.")
    seen.press("back-yes-")
    assert "2 opinions sent back" in seen.text
    with store.read() as cursor:
        assert len(deciding.sent_back_of(cursor, disputed)) == 2
        first = pairs.get(cursor, disputed).reserved_for
    waiting = ana if first == ana.id else ben
    assert desk.next_view(store, twice, waiting).comment == "Name the date."
    assert "Name the date." in Browser(store, waiting).go("mywork").text


def test_a_pairs_story_hides_names_until_it_is_decided(store: Store, lead: Person, ana: Person, disputed: str) -> None:
    seen = Browser(store, lead).go("pairs").press(f"open-{disputed}")
    assert "Expert A" in seen.text
    assert ">ana<" not in seen.source
    Browser(store, lead).go("adjudicate").press("Version A").press("Approve this text")
    assert ">ana<" in Browser(store, lead).go("pairs").press(f"open-{disputed}").source


def test_an_opinion_goes_back_from_the_pairs_story(store: Store, lead: Person, disputed: str) -> None:
    seen = Browser(store, lead).go("pairs").press(f"open-{disputed}").press("Send an opinion back")
    chosen = seen.widget("button_group", "back-who-")
    chosen.set_value([chosen.options[0].content] if hasattr(chosen.options[0], "content") else [chosen.options[0]])
    seen.widget("text_area", "back-why-").input("Shorter, please.")
    seen.press("back-yes-")
    assert "Shorter, please." in seen.text


def test_an_open_flag_is_resolved_with_a_reason(store: Store, twice: Project, lead: Person, disputed: str) -> None:
    seen = Browser(store, lead).go("adjudicate")
    seen.widget("button_group", "adjudicate-tab").set_value("flags").run()
    assert "“words”" in seen.text
    seen.press("No flag")
    assert "with a reason" in seen.text
    seen.widget("text_input", "reason-").input("A plain word.")
    seen.press("No flag")
    assert "No flag is open" in seen.text
    with store.read() as cursor:
        assert flags.unresolved(cursor, twice.id) == []


def test_agreements_come_to_be_signed_off_where_the_project_says_so(
    store: Store, twice: Project, lead: Person, ana: Person, ben: Person
) -> None:
    settings = twice.settings.model_copy(update={"sign_off": True})
    project = store.write(lambda cursor: projects.change(cursor, twice, settings, lead))
    [pair_id] = add_pairs(store, project, 1, lead, wanted=2)
    say(store, project, ana)
    say(store, project, ben)
    seen = Browser(store, lead).go("adjudicate")
    assert "the experts agree" in seen.text
    seen.press("Approve this text")
    with store.read() as cursor:
        assert pairs.get(cursor, pair_id).state == "approved"


def test_the_team_page_has_every_figure_with_its_n(
    store: Store, twice: Project, lead: Person, ana: Person, ben: Person
) -> None:
    add_pairs(store, twice, 3, lead, wanted=2)
    for person in (ana, ben):
        for _ in range(3):
            say(store, twice, person)
    seen = Browser(store, lead).go("team")
    assert "3 of 3, few" in seen.text
    assert "no variation" in seen.text
    assert "Of the 6 opinions" in seen.text


def test_a_team_without_opinions_says_so(store: Store, project: Project, lead: Person) -> None:
    assert "No opinions yet" in Browser(store, lead).go("team").text


def test_my_work_names_nobody_else_and_takes_the_last_one_back(
    store: Store, twice: Project, lead: Person, ana: Person, ben: Person
) -> None:
    add_pairs(store, twice, 2, lead, wanted=2)
    say(store, twice, ben)
    say(store, twice, ana)
    seen = Browser(store, ana).go("mywork")
    assert "ben" not in seen.text.split("Your own figures")[1]
    assert "approved" in seen.text
    seen.press("Undo last")
    assert "Taken back" in seen.text
    assert desk.next_view(store, twice, ana).draft is not None


def test_home_leads_to_the_flags_that_are_open(store: Store, lead: Person, disputed: str) -> None:
    seen = Browser(store, lead)
    assert "1 flag is open." in seen.text
    seen.press("Resolve flags")
    assert "“words”" in seen.text
