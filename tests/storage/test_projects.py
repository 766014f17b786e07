"""Projects: a change of settings is a new version, and never one over somebody else's."""

import pytest

from hone.storage import projects
from hone.storage.errors import Conflict
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store


def change(store: Store, project: Project, lead: Person, purpose: str) -> Project:
    settings = project.settings.model_copy(update={"purpose": purpose})
    return store.write(lambda cursor: projects.change(cursor, project, settings, lead))


def test_a_change_makes_a_new_version_and_no_change_makes_none(store: Store, project: Project, lead: Person) -> None:
    second = change(store, project, lead, "Kind replies.")
    assert (second.version, second.settings.purpose) == (2, "Kind replies.")
    assert change(store, second, lead, "Kind replies.") == second


def test_a_change_of_settings_that_somebody_else_has_changed_is_refused(
    store: Store, project: Project, lead: Person
) -> None:
    change(store, project, lead, "Kind replies.")
    with pytest.raises(Conflict, match="changed in the meantime"):
        change(store, project, lead, "Short replies.")


def test_versions_are_kept_and_the_newest_can_be_asked_for(store: Store, project: Project, lead: Person) -> None:
    newest = project
    for purpose in ("One.", "Two.", "Three."):
        newest = change(store, newest, lead, purpose)
    with store.read() as cursor:
        everything = projects.versions(cursor, project.id)
        two = projects.versions(cursor, project.id, last=2)
    assert [each.settings.purpose for each in everything] == ["", "One.", "Two.", "Three."]
    assert [each.version for each in two] == [3, 4]
    assert {each.made_by for each in everything} == {lead.id}
