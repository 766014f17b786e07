"""The store of these tests is the one that the pages find: that of the process's open workspace."""

from collections.abc import Callable, Iterator

import pytest
from browsing import Browser

from hone.labeling.projects.defaults import default_settings
from hone.platform import runtime as processes
from hone.platform.runtime import Runtime
from hone.storage import projects
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store
from hone.storage.workspace import Workspace

Open = Callable[[Person | None], Browser]


@pytest.fixture
def runtime(workspace: Workspace) -> Iterator[Runtime]:
    with processes.start(workspace) as opened:
        yield opened


@pytest.fixture
def store(runtime: Runtime) -> Store:
    return runtime.store


@pytest.fixture
def project(store: Store, lead: Person) -> Project:
    settings = default_settings(overlap=1, agree=1, judges=1, guidelines="# Style\n\n- Be kind.")
    return store.write(lambda cursor: projects.create(cursor, "contracts", settings, lead))


@pytest.fixture
def browse(store: Store) -> Open:
    return lambda person: Browser(store, person)
