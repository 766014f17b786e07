"""A machine of a Ray cluster, as one process of a run sees it: a copy of the run folder, and the work on it.

This module is imported on the cluster; Ray makes an actor of the class, so nothing here knows Ray.
"""

import os
import shutil
import socket
import tempfile
from pathlib import Path

from hone.training.events import Event
from hone.training.folder import RunFolder

_TRIES = 5
_DRAFTS = shutil.ignore_patterns(".*")


class Place:
    """One process of a run. Names of files are relative to its own folder, which goes when the process does.

    Args:
        surroundings: What it finds in its environment, before torch is imported.
    """

    def __init__(self, surroundings: dict[str, str]) -> None:
        os.environ.update(surroundings)
        self.home = Path(tempfile.mkdtemp(prefix="hone-"))
        self.run = RunFolder(self.home / "run")

    def where(self) -> str:
        """The path of its folder on that machine."""
        return str(self.home)

    def address(self) -> tuple[str, int]:
        """Where the other processes can meet this one: address and a free port."""
        host = socket.gethostbyname(socket.gethostname())
        with socket.socket() as free:
            free.bind(("", 0))
            return host, int(free.getsockname()[1])

    def holds(self, path: str, sizes: dict[str, int]) -> bool:
        """Whether a folder of that path is there already, with files of these sizes: a shared disk has it."""
        found = {name: Path(path) / name for name in sizes}
        return all(file.is_file() and file.stat().st_size == sizes[name] for name, file in found.items())

    def put(self, name: str, content: bytes) -> None:
        """Add to the end of a file; an empty one is made when it is not there."""
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as stream:
            stream.write(content)

    def work(self, together: dict[str, str], resume: bool) -> int:
        """Train; the exit code comes back.

        Args:
            together: RANK, WORLD_SIZE and where the processes meet; empty alone.
        """
        from hone.training.fit import fit
        from hone.training.session import own_process

        os.environ.update(together)
        own_process(self.run)
        return fit(self.run.path, resume=resume)

    def events(self, offset: int) -> tuple[list[Event], int]:
        """What happened from a byte offset on, and the next offset."""
        return self.run.read_events(offset)

    def cancel(self) -> None:
        """Ask the work to save and stop."""
        self.run.request_cancel()

    def files(self, below: str) -> list[str]:
        """The names of all files below a folder, or of one file; none when it is not there."""
        top = self.home / below
        found = [top] if top.is_file() else sorted(file for file in top.rglob("*") if file.is_file())
        return [str(file.relative_to(self.home)) for file in found]

    def hold(self) -> list[str]:
        """The names of the checkpoints and of what stands beside them, as they are now: until it is asked again they
        can be taken, though the run removes old checkpoints meanwhile."""
        held = self.home / "held"
        for _ in range(_TRIES):
            shutil.rmtree(held, ignore_errors=True)
            try:
                shutil.copytree(self.run.checkpoints, held, copy_function=os.link, ignore=_DRAFTS)
                break
            except (OSError, shutil.Error):
                continue  # one was removed under our hands
        return self.files("held")

    def take(self, name: str, offset: int, size: int) -> bytes:
        """At most `size` bytes of a file; empty at its end."""
        with (self.home / name).open("rb") as stream:
            stream.seek(offset)
            return stream.read(size)

    def leave(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.home, ignore_errors=True)
