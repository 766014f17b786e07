"""The REST API: the same functions that the pages call, as resources under /api/v1.

A route parses, calls one function and gives its record. Errors are `application/problem+json` (RFC 9457).
"""

import html
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from hone.platform.api import (
    backups,
    batches,
    bounded,
    checks,
    desk,
    exports,
    findings,
    imports,
    matchups,
    models,
    pairs,
    people,
    preferences,
    preflights,
    problems,
    projects,
    reports,
    runs,
    search,
    status,
    team,
)
from hone.platform.runtime import Runtime
from hone.storage.errors import HoneError, InputError

ROUTERS = (
    status.router,
    checks.router,
    projects.router,
    imports.router,
    pairs.router,
    exports.router,
    desk.router,
    findings.router,
    team.router,
    batches.router,
    runs.router,
    preflights.router,
    search.router,
    preferences.router,
    models.router,
    matchups.router,
    reports.router,
    people.router,
    backups.router,
)


def api(runtime: Runtime) -> FastAPI:
    """The application over an open workspace, to be mounted at /api/v1."""
    app = FastAPI(
        title="Hone",
        version="1",
        description="Pairs in, reviewed, approved, trained, judged blind, reported.",
        docs_url=None,  # FastAPI's own pages load their scripts from another host
        redoc_url=None,
    )
    app.add_middleware(bounded.Bounded)
    app.state.runtime = runtime
    app.state.imports = {}  # rows read so far, by the watch name that the importer chose
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(HoneError, _hone_error)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(Exception, _unforeseen)
    app.add_api_route("/docs", docs, include_in_schema=False, response_class=HTMLResponse)
    return app


def _problem(document: dict[str, Any]) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if document["status"] == 401 else None
    return JSONResponse(document, document["status"], headers, media_type=problems.MEDIA_TYPE)


def _hone_error(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, HoneError)
    return _problem(problems.document(problem))


def _not_valid(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, RequestValidationError)
    found = [f"{'.'.join(str(part) for part in row['loc'])}: {row['msg']}" for row in problem.errors()]
    more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
    return _problem(
        problems.document(InputError("; ".join(found[:3]) + more + ". /api/v1/docs lists what is allowed."))
    )


def _no_route(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, HTTPException)
    said = {"type": "about:blank", "title": problem.detail, "status": problem.status_code}
    return _problem({**said, "detail": f"{problem.detail}. /api/v1/docs lists what there is."})


def _unforeseen(_: Request, __: Exception) -> JSONResponse:
    """The server writes the traceback into its own log; the caller learns only where to look."""
    said = {"type": "about:blank", "title": "Something unforeseen happened", "status": 500}
    return _problem({**said, "detail": "The server met an error that it did not foresee; its log has the details."})


def docs(request: Request) -> HTMLResponse:
    """A plain page of every resource: no script, nothing from another host."""
    schema = request.app.openapi()
    sections = "".join(
        _section(method.upper(), path, told)
        for path, methods in schema["paths"].items()
        for method, told in methods.items()
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Hone API</title><style>'
        "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        ":root{color-scheme:light dark}"
        "h2{font:600 1rem ui-monospace,monospace;margin:2rem 0 .25rem;border-top:1px solid #8884;padding-top:1rem}"
        "code,td:first-child{font-family:ui-monospace,monospace}td{padding-right:1rem;vertical-align:top}"
        "</style></head><body><h1>Hone API</h1>"
        "<p>Send <code>Authorization: Bearer KEY</code> with the key of the workspace's file <code>.owner-key</code>, "
        "and <code>X-Hone-Person: NAME</code> to act as somebody; or use the session of the browser. Problems are "
        "<code>application/problem+json</code> with a <code>detail</code> of one line. "
        'The schema for machines: <a href="openapi.json">openapi.json</a>.</p>'
        f"{sections}</body></html>"
    )


def _section(method: str, path: str, told: dict[str, Any]) -> str:
    rows = [(f"{one['name']} ({one['in']})", _kind(one.get("schema", {}))) for one in told.get("parameters", [])]
    for media, body in told.get("requestBody", {}).get("content", {}).items():
        rows.append((f"body, {media}", _kind(body.get("schema", {}))))
    answer = told.get("responses", {}).get("200", {}).get("content", {})
    rows += [(f"answer, {media}", _kind(body.get("schema", {}))) for media, body in answer.items()]
    return (
        f"<h2>{method} {html.escape(path)}</h2><p>{html.escape(told.get('description', ''))}</p>"
        f"<table>{_table(rows)}</table>"
    )


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(kind)}</td></tr>" for name, kind in rows)


def _kind(schema: dict[str, Any]) -> str:
    """A schema in few words: a record's name, a list of it, or the plain type."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("type", "any"))
