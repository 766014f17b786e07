"""`hone team` and `hone flags`: how the experts agree, and what became of what they flagged."""

import json

import pytest
from commanding import Hone, hone_in
from factories import add_pairs, add_person

from hone.labeling import desk
from hone.labeling.desk import Opinion
from hone.labeling.projects.defaults import default_settings
from hone.labeling.spans import mark
from hone.storage import projects
from hone.storage.records import new_id
from hone.storage.store import Store
from hone.storage.workspace import Workspace


@pytest.fixture
def hone(workspace: Workspace) -> Hone:
    """Runs `hone --workspace W ARGUMENTS` in this process, on a project with two opinions, one of them with a flag."""
    with Store(workspace) as store:
        lead, ana, ben = add_person(store, "lena", "lead"), add_person(store, "ana", "expert"), add_person(store, "ben")
        project = store.write(lambda cursor: projects.create(cursor, "letters", default_settings(), lead))
        add_pairs(store, project, 1, lead, wanted=2)
        view = desk.next_view(store, project, ana)
        assert view.lease
        assert view.revision
        opinion = Opinion(decision="approve", flags=(mark(view.revision.response, "unsafe_advice", "Order"),))
        desk.submit(store, project, ana, view.lease.token, opinion, new_id())
        assert not ben.roles

    return hone_in(workspace.root)


def test_the_team_is_told_with_what_has_no_value(hone: Hone) -> None:
    told = hone("team").output
    assert "no item has two ratings" in " ".join(told.split())
    assert "ana" in told
    found = json.loads(hone("team", "--me", "--as", "ana", "--json").stdout)
    assert (found["me"]["done"], found["small"]) == (1, 30)
    assert hone("team", "--as", "ana").exit_code == 1


def test_a_flag_is_resolved_by_the_end_of_its_id(hone: Hone) -> None:
    [flag] = json.loads(hone("flags", "list", "--json").stdout)["flags"]
    name = flag["flag_id"][-8:]
    assert name in hone("flags").output
    assert "accepted" in hone("flags", "resolve", name, "accepted", "--reason", "It is so").output
    assert "0 open in all" in hone("flags").output
    assert name in hone("flags", "list", "--resolved").output


def test_a_flag_that_is_not_there_is_said_in_one_line(hone: Hone) -> None:
    refused = hone("flags", "resolve", "nothing", "accepted", "--reason", "why")
    assert refused.exit_code == 2
    assert "No open flag ends with 'nothing'" in refused.output
