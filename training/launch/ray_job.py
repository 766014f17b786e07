"""Train on a Ray cluster: `python -m hone.training.launch.ray_job RUNFOLDER [--resume] [--processes N] [--address A]`.

This process carries the run folder there and brings back what happens: events and checkpoints as they come, at the
end the model and the result. Whoever watches the folder sees an ordinary run of this machine: its heartbeat, its
cancel file, its exit code (see `hone.training.fit`).
"""

import argparse
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting import checkpoints
from hone.training.folder import RunFolder, write_whole
from hone.training.launch.ray_place import Place
from hone.training.models.weights import is_folder
from hone.training.session import Cancelled, heed_cancel, work

_CHUNK = 32 * 2**20  # bytes of a file that travel at once
_LOOK = 0.5  # seconds between two looks at the cluster
_WAIT = 60.0  # seconds after which a cluster without room is told of
_FINAL = ("done", "failed", "cancelled")


def fit_on_cluster(path: Path | str, address: str | None = None, processes: int = 1, resume: bool = False) -> int:
    """Train the run of a folder on a cluster; the exit code comes back.

    Args:
        path: A prepared run folder of this machine.
        address: As Ray's: auto, host:6379, ray://host:10001. None starts a cluster of this machine alone.
        processes: How many learn together, each with a card where the cluster has cards.
        resume: Go on from the newest complete checkpoint.
    """
    folder = RunFolder(path)

    def job(config: TrainConfig) -> dict[str, Any]:
        if find_spec("ray") is None:
            raise RunError('Ray is not installed; `pip install "hone-llm[ray]"`, or set launcher = "local".')
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray: Any = import_module("ray")  # an extra, and a second of import
        try:
            ray.init(address or "local", log_to_driver=True, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as problem:
            raise RunError(f"The cluster {address} is not to be reached: {_line(problem)}") from None
        try:
            return _Carried(ray, folder, config, processes).done(resume)
        except ray.exceptions.RayError as problem:
            raise RunError(f"The cluster lost the run: {_line(problem)} Resume goes on from what was saved.") from None
        finally:
            ray.shutdown()

    return work(folder, TrainConfig, job)


class _FailedThere(RunError):
    """What the event "failed" of a process on the cluster says."""

    def __init__(self, said: dict[str, Any]) -> None:
        super().__init__(said["message"])
        self.facts = {name: value for name, value in said.items() if name != "message"}


class _Carried:
    """A run on a cluster that is connected, by its processes there."""

    def __init__(self, ray: Any, folder: RunFolder, config: TrainConfig, processes: int) -> None:
        self.ray = ray
        self.folder = folder
        self.config = config
        self.moved: dict[str, str] = {}  # paths there, and what they are called here
        self.places = self._room(processes)
        self.first = self.places[0]

    def done(self, resume: bool) -> dict[str, Any]:
        """What the event "done" tells, once everything is here."""
        for place in self.places:
            self._carry_there(place)
        works = [place.work.remote(self._together(rank), resume) for rank, place in enumerate(self.places)]
        offset, asked = 0, False
        while works:
            _, works_left = self.ray.wait(works, num_returns=len(works), timeout=_LOOK)
            events, offset = self.ray.get(self.first.events.remote(offset))
            if any(event.kind == "checkpoint" for event in events):
                self._bring_checkpoint()
            for event in events:
                if event.kind not in ("started", *_FINAL):
                    self.folder.append_event(event.kind, **event.data)
            if self.folder.cancel_requested() and not asked:
                asked = True
                self.ray.get([place.cancel.remote() for place in self.places])
            if not works_left:
                self.ray.get(works)  # raises when a process was lost
                break
        return self._last_word()

    def _room(self, processes: int) -> list[Any]:
        """The processes on the cluster, once it has room for all of them.

        Raises:
            Cancelled: Somebody asked to stop before it had.
        """
        cards = self.ray.cluster_resources().get("GPU", 0) >= processes and os.environ.get("HONE_DEVICE") != "cpu"
        wanted = {"num_cpus": self.config.threads or 1, "num_gpus": 1 if cards else 0, "max_concurrency": 3}
        passed = {name: value for name, value in os.environ.items() if name in ("HONE_DEVICE", "HF_HUB_OFFLINE")}
        places = [self.ray.remote(**wanted)(Place).remote(passed) for _ in range(processes)]
        there, began, told = [place.where.remote() for place in places], time.monotonic(), False
        while self.ray.wait(there, num_returns=len(there), timeout=_LOOK)[1]:
            heed_cancel(self.folder)
            if not told and time.monotonic() - began > _WAIT:
                told = True
                self.folder.append_event(
                    "warning", message=f"The cluster has no room yet for {processes} x {wanted['num_cpus']} cores."
                )
        return places

    def _together(self, rank: int) -> dict[str, str]:
        if len(self.places) == 1:
            return {}
        if rank == 0:
            self.meet = self.ray.get(self.first.address.remote())
        host, port = self.meet
        one_each = {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1", "HONE_WORLD_SIZE": str(len(self.places))}
        return one_each | {
            "RANK": str(rank),
            "WORLD_SIZE": str(len(self.places)),
            "MASTER_ADDR": host,
            "MASTER_PORT": str(port),
        }

    def _carry_there(self, place: Any) -> None:
        home = self.ray.get(place.where.remote())
        there = {}
        for name in ("base", "parent"):
            path = getattr(self.config, name)
            if path and is_folder(path) and not self._shared(place, path):
                self._send(place, Path(path), name)
                there[name] = f"{home}/{name}"
                self.moved[there[name]] = path
        config = self.config.model_copy(update=there).model_dump_json()
        self.ray.get(place.put.remote("run/config.json", config.encode()))
        self._send(place, self.folder.data, "run/data")
        self._send(place, self.folder.checkpoints, "run/checkpoints")

    def _shared(self, place: Any, path: str) -> bool:
        whole = Path(path).is_absolute()
        sizes = {name: file.stat().st_size for name, file in _files(Path(path))}
        return whole and bool(self.ray.get(place.holds.remote(path, sizes)))

    def _send(self, place: Any, top: Path, name: str) -> None:
        for below, file in _files(top):
            self.ray.get(place.put.remote(f"{name}/{below}", b""))
            with file.open("rb") as stream:
                while content := stream.read(_CHUNK):
                    self.ray.get(place.put.remote(f"{name}/{below}", content))

    def _bring_checkpoint(self) -> None:
        """The newest complete checkpoint, and what stands beside all of them."""
        held: list[str] = self.ray.get(self.first.hold.remote())
        for file in (file for file in held if Path(file).parent.name == "held"):
            with checkpoints.writing(self.folder, Path(file).name) as draft:
                self._bring(file, draft)
        whole = [Path(file).parent for file in held if Path(file).name == checkpoints.SEAL]
        if not whole:
            return
        newest = max(whole, key=lambda path: checkpoints.step_of(path))
        with checkpoints.writing(self.folder, newest.name) as draft:
            for file in (file for file in held if Path(file).parent == newest):
                self._bring(file, draft / Path(file).name)
        checkpoints.keep_newest(self.folder)

    def _bring(self, name: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as stream:
            while content := self.ray.get(self.first.take.remote(name, stream.tell(), _CHUNK)):
                stream.write(content)

    def _last_word(self) -> dict[str, Any]:
        """What "done" tells, after the model and the result were brought here.

        Raises:
            Cancelled: It was stopped; its checkpoint is here.
            RunError: It failed; the reason of whichever process failed first.
        """
        words = [event for place in self.places for event in self.ray.get(place.events.remote(0))[0]]
        failed = min((event for event in words if event.kind == "failed"), key=lambda event: event.at, default=None)
        if failed is not None:
            raise _FailedThere(failed.data)
        final = next((event for event in reversed(words) if event.kind in ("done", "cancelled")), None)
        if final is None:
            raise RunError("The run ended on the cluster without a word; its log is above.")
        if final.kind == "cancelled":
            raise Cancelled
        self._bring_model()
        self.ray.get([place.leave.remote() for place in self.places])
        return dict(final.data)

    def _bring_model(self) -> None:
        draft = self.folder.path / ".model.draft"
        shutil.rmtree(draft, ignore_errors=True)
        for name in self.ray.get(self.first.files.remote("run/model")):
            target = draft / Path(name).relative_to("run/model")
            self._bring(name, target)
            if target.suffix in (".json", ".md"):
                write_whole(target, self._as_here(target.read_text(encoding="utf-8")))
        shutil.rmtree(self.folder.model, ignore_errors=True)
        draft.rename(self.folder.model)
        self._bring("run/result.json", draft)
        write_whole(self.folder.result_file, self._as_here(draft.read_text(encoding="utf-8")))
        draft.unlink()

    def _as_here(self, text: str) -> str:
        """A text that names folders of the cluster names those of this machine."""
        for there, here in self.moved.items():
            text = text.replace(there, here)
        return text


def _files(top: Path) -> Iterator[tuple[str, Path]]:
    """The files below a folder with their names in it; none when it is not there."""
    for file in sorted(top.rglob("*")):
        if file.is_file():
            yield str(file.relative_to(top)), file


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:300] or type(problem).__name__


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="hone.training.launch.ray_job", description="Train on a Ray cluster.")
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on from the newest complete checkpoint")
    parser.add_argument("--processes", type=int, default=1, help="how many learn together")
    parser.add_argument("--address", help="auto, host:6379 or ray://host:10001; left out: a cluster of this machine")
    given = parser.parse_args(arguments)
    return fit_on_cluster(given.run_folder, given.address, given.processes, given.resume)


if __name__ == "__main__":
    sys.exit(main())
