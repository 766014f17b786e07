"""What one process holds of an open workspace: store, settings, supervisor of runs, the owner's key."""

import json
import os
from importlib.metadata import version
from typing import Self

from hone.platform import settings as hone_toml
from hone.platform.access import identity
from hone.platform.access.private import write_private
from hone.platform.checker import Checker
from hone.platform.runs import preflight
from hone.platform.runs.supervisor import Supervisor
from hone.storage import people
from hone.storage.errors import WorkspaceError
from hone.storage.people import Person
from hone.storage.records import now
from hone.storage.store import Cursor, Store
from hone.storage.workspace import Workspace


class Runtime:
    """An open workspace. Close it, or use it as a context manager; `start` also watches its runs.

    Raises:
        InputError: hone.toml holds something that is not allowed.
        Locked: Another process holds the workspace.
        WorkspaceError: It cannot be opened as it is.
    """

    def __init__(self, workspace: Workspace):
        self.workspace = workspace
        self.settings = hone_toml.read(workspace.settings)
        self.store = Store(workspace)
        workspace.server_file.unlink(missing_ok=True)  # of a server that was killed: the store is ours alone
        self.owner_key = identity.owner_key(workspace)
        self.supervisor = Supervisor(self.store, self.settings)
        self.checker = Checker(self.store)

    @property
    def owner(self) -> Person:
        """As whom the owner's commands act: the first admin, made here when there is nobody yet."""
        with self.store.read() as cursor:
            found = _first_admin(cursor)
        return found or self.store.write(_make_owner)

    def serving(self, address: str) -> None:
        """Say in .server.json where this process serves the workspace; `close` takes it back."""
        said = {"pid": os.getpid(), "address": address, "started": now().isoformat(), "hone": version("hone-llm")}
        write_private(self.workspace.server_file, json.dumps(said))

    def close(self) -> None:
        """Stop watching (runs go on by themselves), finish the writes that wait, let go of the workspace."""
        global _current
        self.supervisor.stop()
        self.checker.stop()
        self.store.close()
        said = self.workspace.server()
        if said and said["pid"] == os.getpid():
            self.workspace.server_file.unlink(missing_ok=True)
        if _current is self:
            _current = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_current: Runtime | None = None


def start(workspace: Workspace) -> Runtime:
    """Open the workspace as this process's own and watch its runs."""
    global _current
    _current = Runtime(workspace)
    preflight.clear(workspace.runs)
    _current.supervisor.start()
    return _current


def current() -> Runtime:
    """What `start` opened in this process."""
    if _current is None:
        raise WorkspaceError("No workspace is open in this process. Start it with `hone serve`.")
    return _current


def _first_admin(cursor: Cursor) -> Person | None:
    admins = [person for person in people.everyone(cursor) if person.active and "admin" in person.roles]
    return min(admins, key=lambda person: (person.created_at, person.id), default=None)


def _make_owner(cursor: Cursor) -> Person:
    """All roles: somebody who works alone can walk the whole loop. There is no password until it is chosen."""
    return _first_admin(cursor) or people.add(cursor, "owner", people.ROLES, full_name="Owner")
