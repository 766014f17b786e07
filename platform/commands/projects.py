"""Projects: begin one, read and change what it asks, take its settings elsewhere."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import terminal
from hone.platform.commands.common import AsJson, ProjectName, connected, readable, session
from hone.storage.errors import InputError

project = typer.Typer(no_args_is_help=True, help="Begin a project, change what it asks, copy, export, import it.")
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]
LONG = 100  # letters of a setting that `show` prints; --json has all


@project.command("list")
def list_(as_json: AsJson = False) -> None:
    """All projects, and how their pairs are decided."""
    with connected() as connection:
        found = connection.call("GET", "/projects")
    if as_json:
        terminal.as_json(found)
        return
    rows = [(one["name"], one["version"], _rule(one["settings"]), one["settings"]["purpose"][:LONG]) for one in found]
    terminal.table(("project", ">version", "must agree", "for"), rows)


@project.command("templates")
def templates(as_json: AsJson = False) -> None:
    """What a project can begin with."""
    with connected() as connection:
        found = connection.call("GET", "/templates")
    if as_json:
        terminal.as_json(found)
        return
    terminal.table(("template", "name", "for"), [(one["key"], one["name"], one["says"]) for one in found])


@project.command("new")
def new(
    name: Name,
    template: Annotated[str | None, typer.Option("--template", "-t", metavar="KEY", help="See `templates`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Begin a project, from a template if wanted. A workspace is made when there is none."""
    with connected(make=True) as connection:
        made = connection.call("POST", "/projects", json={"name": name, "template": template})
    _tell(made, as_json, f"Made the project '{name}'.")


@project.command("show")
def show(project: ProjectName = None, as_json: AsJson = False) -> None:
    """The settings of a project."""
    with session(project) as here:
        found = here.get("")
    if as_json:
        terminal.as_json(found)
        return
    terminal.say(f"{found['name']}, version {found['version']}")
    for name, value in found["settings"].items():
        terminal.say(f"  {name:<16} {_short(value)}")


@project.command("set")
def set_(
    settings: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", show_default=False)],
    project: ProjectName = None,
    as_json: AsJson = False,
) -> None:
    """Change settings: overlap=3 agree=2 order=random, guidelines=@FILE, categories='["tone", "format"]'.

    A value is read as JSON where it is JSON, else as text; @FILE takes a file's text.
    """
    changes = dict(map(_setting, settings))
    with session(project) as here:
        before = here.get("")["version"]
        made = here.connection.call("PATCH", f"{here.path}/settings", json=changes)
    said = f"Version {made['version']} of {made['name']}." if made["version"] != before else "Nothing was changed."
    _tell(made, as_json, said)


@project.command("versions")
def versions(project: ProjectName = None, as_json: AsJson = False) -> None:
    """Who changed the settings, when, and what."""
    with session(project) as here:
        found = here.get("/versions")
    if as_json:
        terminal.as_json(found)
        return
    for one in found:
        terminal.say(f"{one['version']}  {terminal.moment(one['made_at'])} UTC  {one['made_by']}")
        for change in one["changes"]:
            terminal.say(f"     {change}")


@project.command("copy")
def copy(name: Name, project: ProjectName = None, as_json: AsJson = False) -> None:
    """A new project NAME with the same settings, without pairs."""
    with session(project) as here:
        made = here.post("/copies", {"name": name})
        told = here.project
    _tell(made, as_json, f"Made the project '{name}' with the settings of '{told}'.")


@project.command("export")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)], project: ProjectName = None
) -> None:
    """Write the settings to one JSON file; no pair, person or opinion is in it."""
    with session(project) as here:
        here.connection.download(f"{here.path}/file", file)
        told = here.project
    terminal.say(f"The settings of '{told}' are in {file}")


@project.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    name: Annotated[str, typer.Option("--name", help="Else as in the file.")] = "",
    without_unknown: Annotated[
        bool, typer.Option("--without-unknown", help="Leave out, and name, what this Hone does not know.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Begin a project with the settings in a file that `export` wrote."""
    readable(file)
    with connected(make=True) as connection:
        params = {"name": name, "leave_out_unknown": without_unknown}
        found = connection.call("POST", "/project-files", params=params, file=file)
    for left_out in found["left_out"]:
        terminal.notice(f"left out: {left_out}")
    _tell(found["project"] if not as_json else found, as_json, f"Made the project '{found['project']['name']}'.")


def _setting(given: str) -> tuple[str, Any]:
    key, equals, value = given.partition("=")
    if not equals:
        raise InputError(f"'{given[:60]}' is no setting. Write key=value, as in overlap=3.")
    if value.startswith("@"):
        return key.strip(), readable(Path(value[1:])).read_text(encoding="utf-8", errors="strict")
    try:
        return key.strip(), json.loads(value)
    except ValueError:
        return key.strip(), value


def _tell(made: Any, as_json: bool, said: str) -> None:
    if as_json:
        terminal.as_json(made)
    else:
        terminal.say(said)


def _rule(settings: dict[str, Any]) -> str:
    signed = ", signed off" if settings["sign_off"] else ""
    return f"{settings['agree']} of {settings['overlap']}{signed}"


def _short(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = ", ".join(str(each.get("name") or each.get("instruction")) for each in value)
    elif isinstance(value, list):
        value = ", ".join(map(str, value))
    elif isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    line = " ".join(str("" if value is None else value).split())
    return line if len(line) <= LONG else line[: LONG - 1] + "…"


VERBS: dict[str, Any] = {"project": project}
