"""Look after the workspace: people, models, backups, the installation."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import common, terminal
from hone.platform.commands.common import AsJson, ProjectName, connected, part, session
from hone.storage.errors import InputError

ROLES = ("expert", "reviewer", "lead", "admin")

user = typer.Typer(no_args_is_help=True, help="Add people, list them, change roles, make one-time links.")
models = typer.Typer(help="List models; promote one, or reject it.")
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]
RoleNames = Annotated[list[str], typer.Option("--role", metavar="|".join(ROLES), help="May be given more than once.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", show_default=False)]
Why = Annotated[str, typer.Option("--reason", help="Kept with the decision.")]


@user.command("add")
def add(
    name: Name,
    role: RoleNames,
    full_name: Annotated[str, typer.Option("--full-name")] = "",
    email: Annotated[str | None, typer.Option("--email", help="For single sign-on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an account and a one-time link by which its owner chooses a password."""
    body = {"name": name, "roles": _roles(role), "full_name": full_name, "email": email}
    with connected() as connection:
        made = connection.call("POST", "/people", json=body)
        where = connection.address
    if as_json:
        terminal.as_json(made)
        return
    terminal.say(f"Added {name} ({', '.join(made['person']['roles'])}).")
    _tell_link(where, made["link"])


@user.command("list")
def list_(as_json: AsJson = False) -> None:
    """Everybody with an account."""
    with connected() as connection:
        found = connection.call("GET", "/people")
    if as_json:
        terminal.as_json(found)
        return
    rows = [(one["name"], one["full_name"], ", ".join(one["roles"]), "" if one["active"] else "no") for one in found]
    terminal.table(("name", "full name", "roles", "active"), rows)


@user.command("roles")
def roles(name: Name, role: RoleNames) -> None:
    """Set all roles of a person."""
    with connected() as connection:
        person = connection.call("PUT", f"/people/{part(name)}/roles", json={"roles": _roles(role)})
    terminal.say(f"{name} is now {', '.join(person['roles'])}.")


@user.command("link")
def link(name: Name) -> None:
    """A new one-time link, for somebody who lost theirs or forgot the password."""
    with connected() as connection:
        _tell_link(connection.address, connection.call("POST", f"/people/{part(name)}/invitations")["link"])


@models.callback(invoke_without_command=True)
def models_(ctx: typer.Context, project: ProjectName = None, as_json: AsJson = False) -> None:
    """List models; promote one, or reject it."""
    if ctx.invoked_subcommand is None:
        models_list(project, as_json)


@models.command("list")
def models_list(project: ProjectName = None, as_json: AsJson = False) -> None:
    """The chain: the base (0) and the iterations of a project, what each learnt and how it did."""
    from hone.platform.chain import Link
    from hone.platform.chain_words import told

    with session(project) as here:
        found = here.get("/models")
        links = here.get("/models/chain")
    if as_json:
        terminal.as_json({**found, "chain": links})
        return
    if not links:
        terminal.say("None yet.")
    for link in map(Link.model_validate, links):
        terminal.say(f"{link.number:>3}  {link.name}{f', {link.alias}' if link.alias else ''}")
        for about, words in told(link):
            terminal.say(f"     {about:<8} {words}")


@models.command("promote")
def promote(number: Number, reason: Why, project: ProjectName = None) -> None:
    """Make a model the one that the project uses."""
    _decide("promote", number, reason, project)
    terminal.say(f"Model {number} is the champion.")


@models.command("reject")
def reject(number: Number, reason: Why, project: ProjectName = None) -> None:
    """Say that a model is not to be used."""
    _decide("reject", number, reason, project)
    terminal.say(f"Model {number} is rejected.")


def backup(as_json: AsJson = False) -> None:
    """Copy the database while it is in use; the copy is opened and counted."""
    with connected() as connection, terminal.progress("Copying"):
        made = connection.call("POST", "/backups")
    if as_json:
        terminal.as_json(made)
        return
    terminal.say(f"{made['path']}: {made['size'] / 1e6:,.1f} MB, {sum(made['rows'].values()):,} rows, verified")


def restore(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Without it the backups are listed.")] = None,
) -> None:
    """Put a backup in the place of the database, which is kept beside it."""
    from hone.storage import backup as copies

    workspace = common.workspace()
    if file is None:
        found = copies.listing(workspace)
        terminal.table((">MB", "backup"), [(f"{path.stat().st_size / 1e6:,.1f}", path) for path in found])
        raise InputError("Name the file to restore." if found else f"There is no backup in {workspace.backups}.")
    restored, aside = copies.restore(workspace, file)
    terminal.say(f"Restored {restored.path}: {sum(restored.rows.values()):,} rows.")
    if aside:
        terminal.say(f"What was there before is {aside}")


def doctor(as_json: AsJson = False) -> None:
    """Check the installation and the workspace, and say what to do."""
    from hone.platform import doctor as checks

    found = checks.examine(common.workspace())
    if as_json:
        terminal.as_json([finding.model_dump() for finding in found])
    else:
        for finding in found:
            terminal.say(f"{finding.state:<5} {finding.what}: {finding.says}")
            if finding.do:
                terminal.say(f"      {finding.do}")
    if any(finding.state == "fail" for finding in found):
        raise typer.Exit(1)


def _decide(decision: str, number: int, reason: str, project: str | None) -> None:
    with session(project) as here:
        here.post(f"/models/{number}/decisions", {"decision": decision, "reason": reason})


def _roles(given: list[str]) -> list[str]:
    for role in given:
        if role not in ROLES:
            raise InputError(f"'{role}' is no role: use {', '.join(ROLES)}.")
    return given


def _tell_link(address: str | None, link: str) -> None:
    terminal.say(f"One-time link, for a week: {address or '<the address that `hone serve` prints>'}{link}")


VERBS: dict[str, Any] = {
    "user": user,
    "models": models,
    "backup": backup,
    "restore": restore,
    "doctor": doctor,
}
