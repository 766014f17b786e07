"""A workspace: one folder that holds everything of a team, readable by its owner only."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hone.storage.errors import NotFound, WorkspaceError

DEFAULT = "hone-workspace"


@dataclass(frozen=True)
class Workspace:
    """The folder and what lies where in it. `root` is absolute."""

    root: Path

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.root / "hone.duckdb"

    @property
    def runs(self) -> Path:
        """A folder for each run: runs/0007."""
        return self.root / "runs"

    @property
    def exports(self) -> Path:
        """Files made for people to take away."""
        return self.root / "exports"

    @property
    def backups(self) -> Path:
        """Copies of the database; the only folder that SQL may write to."""
        return self.root / "backups"

    @property
    def settings(self) -> Path:
        """hone.toml."""
        return self.root / "hone.toml"

    @property
    def owner_key_file(self) -> Path:
        """The key by which the `hone` commands of this workspace's owner act."""
        return self.root / ".owner-key"

    @property
    def server_file(self) -> Path:
        """Process number and address of the server that holds the workspace, while it runs."""
        return self.root / ".server.json"

    def run_folder(self, number: int) -> Path:
        """The folder of run `number`."""
        return self.runs / f"{number:04d}"

    def exists(self) -> bool:
        """Whether there is a database here."""
        return self.database.exists()

    def make_folders(self) -> None:
        """Create the folder and its parts, closed to other users of the machine."""
        for folder in (self.root, self.runs, self.exports, self.backups):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as problem:
                raise WorkspaceError(
                    f"Cannot make the folder {folder}: {problem.strerror}. Choose another with --workspace."
                ) from problem

    def require(self) -> "Workspace":
        """This workspace, or NotFound when no database is here."""
        if not self.exists():
            raise NotFound(
                f"There is no workspace at {self.root}. Make one with `hone init`, try `hone demo`, "
                "or name another with --workspace."
            )
        return self

    def server(self) -> dict[str, Any] | None:
        """What the server that holds this workspace wrote of itself: pid, address; None if it is gone."""
        try:
            said = json.loads(self.server_file.read_text())
            os.kill(int(said["pid"]), 0)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return dict(said)


def workspace_at(path: str | Path | None = None) -> Workspace:
    """The workspace at `path`, else at $HONE_WORKSPACE, else at ./hone-workspace. Nothing is created."""
    chosen = path or os.environ.get("HONE_WORKSPACE") or DEFAULT
    return Workspace(Path(chosen).expanduser().resolve())
