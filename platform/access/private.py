"""Files that nobody but the workspace's owner reads."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Put a text in place of the file, whole or not at all, readable by its owner only."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
