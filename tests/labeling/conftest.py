"""A desk with two opinions wanted on each pair, and three experts."""

import pytest
from deskwork import Desk
from factories import add_person

from hone.labeling.projects.defaults import default_settings
from hone.storage import projects
from hone.storage.people import Person
from hone.storage.store import Store


@pytest.fixture
def desk_room(store: Store, lead: Person, ana: Person, ben: Person) -> Desk:
    project = store.write(lambda cursor: projects.create(cursor, "letters", default_settings(), lead))
    return Desk(store, project, lead, ana, ben, add_person(store, "cleo", "expert"))
