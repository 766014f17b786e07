"""What went wrong, as one JSON document (RFC 9457, Problem Details for HTTP APIs), there and back.

The server writes the document, the client of the `hone` commands reads it back into the same error.
"""

from typing import Any

from hone.storage import errors

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:hone:problem:"


class NotSignedIn(errors.Forbidden):
    """The request says of nobody that they make it."""


# The first that fits wins: subclasses before their parents.
KINDS: tuple[tuple[type[errors.HoneError], str, int, str], ...] = (
    (errors.NotFound, "not-found", 404, "There is no such thing"),
    (errors.InputError, "input", 422, "The input is not what is allowed"),
    (errors.Conflict, "conflict", 409, "The act does not fit the state of things"),
    (NotSignedIn, "not-signed-in", 401, "Sign in first"),
    (errors.Forbidden, "forbidden", 403, "Your roles do not allow this"),
    (errors.Locked, "locked", 503, "Another process holds the workspace"),
    (errors.WorkspaceError, "workspace", 503, "The workspace cannot be used as it is"),
    (errors.RunError, "run", 409, "The run cannot start, or failed"),
    (errors.HoneError, "problem", 400, "It could not be done"),
)


def document(problem: errors.HoneError) -> dict[str, Any]:
    """The problem as type, title, status and detail; `detail` is its one line."""
    _, slug, status, title = next(kind for kind in KINDS if isinstance(problem, kind[0]))
    return {"type": PREFIX + slug, "title": title, "status": status, "detail": str(problem)}


def error(said: dict[str, Any]) -> errors.HoneError:
    """The error that a problem document tells of; a plain HoneError for a type that we do not know."""
    slug = str(said.get("type", "")).removeprefix(PREFIX)
    detail = str(said.get("detail") or said.get("title") or "The server could not do it and did not say why.")
    found = next((kind for kind, name, _, _ in KINDS if name == slug), errors.HoneError)
    return found(detail)
