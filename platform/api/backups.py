"""Backups of the workspace's database."""

from fastapi import APIRouter

from hone.platform.api.caller import Open, Who
from hone.storage import backup
from hone.storage.backup import Backup
from hone.storage.records import Record

router = APIRouter(tags=["backups"])


class BackupFile(Record):
    """A copy that lies in the workspace; size in bytes."""

    path: str
    size: int


@router.get("/backups")
def list_backups(opened: Open, who: Who) -> list[BackupFile]:
    """The copies there are, the newest first."""
    who.must("admin")
    return [BackupFile(path=str(path), size=path.stat().st_size) for path in backup.listing(opened.workspace)]


@router.post("/backups")
def make_backup(opened: Open, who: Who) -> Backup:
    """Copy the database while it is in use; the copy is opened and counted before it is called one."""
    who.must("admin")
    return backup.backup(opened.store)
