"""Commands as a script gives them, in this process, and the files that they are given."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from hone.platform.cli import app

Hone = Callable[..., Result]


def hone_in(workspace: Path) -> Hone:
    """Runs `hone --workspace W ARGUMENTS`."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["--workspace", str(workspace), *(str(each) for each in arguments)])

    return run


def exact(hone: Hone) -> Hone:
    """The same; another exit code than expected (0) fails with what was said."""

    def run(*arguments: object, code: int = 0) -> Result:
        told = hone(*arguments)
        assert told.exit_code == code, f"{arguments}: {told.exit_code}\n{told.stdout}\n{told.stderr}\n{told.exception}"
        return told

    return run


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows as a file of JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
