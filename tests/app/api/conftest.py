"""The store of these tests is the one that the API asks: that of an open runtime."""

from collections.abc import Iterator

import pytest
from asking import Asking

from hone.platform.runtime import Runtime
from hone.storage.store import Store
from hone.storage.workspace import Workspace


@pytest.fixture
def opened(workspace: Workspace) -> Iterator[Runtime]:
    with Runtime(workspace) as opened:
        yield opened


@pytest.fixture
def store(opened: Runtime) -> Store:
    return opened.store


@pytest.fixture
def ask(opened: Runtime) -> Asking:
    return Asking(opened)
