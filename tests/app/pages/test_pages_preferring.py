"""The panel on Training that lets a model learn from judgements: when it is there, and what it says beforehand."""

from collections.abc import Callable

import pytest
from browsing import Browser
from judged import answered_batch

from hone.evaluation import judging
from hone.evaluation import matchups as making
from hone.storage.matchups import MatchupSet
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store

Open = Callable[[Person | None], Browser]


@pytest.fixture
def made(store: Store, project: Project, lead: Person) -> MatchupSet:
    """A set of 30 matchups that nobody has judged yet."""
    return making.make(store, project, lead, *answered_batch(store, project, lead, 30))


def judge(store: Store, made: MatchupSet, lead: Person, dora: Person) -> None:
    """Each answer that begins with "better" is."""
    rows = judging.sheet(store, made, lead, dora)
    choices = ["left" if row.left.startswith("better") else "right" for row in rows]
    judging.record(store, lead, [{"token": row.token, "choice": one} for row, one in zip(rows, choices, strict=True)])


def test_before_the_judging_is_over_nothing_is_offered(browse: Open, made: MatchupSet, lead: Person) -> None:
    page = browse(lead).go("training")
    assert f"Set {made.number}: 0 of 30 judgements" in page.text
    assert "Learn from the judgements" not in page.text


def test_the_price_stands_beside_the_button_and_follows_what_is_left(
    store: Store, browse: Open, made: MatchupSet, lead: Person, dora: Person
) -> None:
    judge(store, made, lead, dora)
    page = browse(lead).go("training")
    assert "20 test items will be learnt from; they no longer test this model" in page.text
    assert "17 rows to learn, 3 held out to check it. Left out: 10 kept back to test." in page.text
    assert "Let iteration 1 learn" in page.buttons()
    page.widget("number_input", "prefer-leave").set_value(25).run()
    assert "gives 5 to learn from, and 8 are needed" in page.text
    assert page.widget("button", "prefer").disabled
    page.widget("number_input", "prefer-leave").set_value(0).run()
    page.widget("selectbox", "prefer-way").set_value("kto").run()
    assert "freeze a new one first" in page.text
    assert not page.widget("button", "prefer").disabled
