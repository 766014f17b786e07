"""Fixtures that every test may use: a fresh workspace, its store, and people with roles."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from factories import add_person

from hone.storage import projects
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.store import Store
from hone.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    with Store(workspace) as store:
        yield store


@pytest.fixture
def lead(store: Store) -> Person:
    return add_person(store, "lena", "lead", "admin")


@pytest.fixture
def ana(store: Store) -> Person:
    return add_person(store, "ana", "expert")


@pytest.fixture
def ben(store: Store) -> Person:
    return add_person(store, "ben", "expert")


@pytest.fixture
def dora(store: Store) -> Person:
    return add_person(store, "dora", "reviewer")


@pytest.fixture
def project(store: Store, lead: Person) -> Project:
    return store.write(lambda cursor: projects.create(cursor, "contracts", ProjectSettings(), lead))
