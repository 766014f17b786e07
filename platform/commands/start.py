"""Begin: the demo, the server, a workspace of one's own."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import common, terminal
from hone.platform.commands.common import connected, part

Host = Annotated[str | None, typer.Option("--host", help="Where to listen; 0.0.0.0 lets other machines in.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 takes any free port.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Only print the address.")]


def demo(
    host: Host = None,
    port: Port = None,
    no_browser: NoBrowser = False,
    build_only: Annotated[bool, typer.Option("--build-only", help="Make the example workspace and stop.")] = False,
) -> None:
    """Build the example workspace, once round the loop and again, and open it."""
    from hone.platform import demo as example

    workspace = common.workspace("hone-demo")
    with terminal.progress("Building the example", lines=False) as step:

        def tell(says: str, share: float) -> None:
            if says.endswith(" s"):  # a step is done, and how long it took
                terminal.notice(f"  {says}")
            step(100 * share, 100, says)

        example.build(workspace, tell)
    terminal.say(f"The example workspace is {workspace.root}")
    terminal.say(example.accounts_text())
    if not build_only:
        _serve(host, port, no_browser, "hone-demo")


def serve(host: Host = None, port: Port = None, no_browser: NoBrowser = False) -> None:
    """Open the workspace in the browser: the pages and the API, until Ctrl-C."""
    _serve(host, port, no_browser)


def init(
    project: Annotated[
        str | None, typer.Option("--project", "-p", metavar="NAME", help="Make this project, too.")
    ] = None,
) -> None:
    """Make a workspace, its hone.toml, and a one-time link for its admin."""
    from hone.platform import settings

    workspace = common.workspace()
    known = workspace.exists()
    with connected(make=True) as connection:
        settings.write_default(workspace.settings)
        where = connection.address or _usual_address(workspace.settings)
        me = connection.call("GET", "/status")["person"]
        invited = connection.call("POST", f"/people/{part(me)}/invitations")
        if project is not None:
            _make_project(connection, project)
    terminal.say(f"{'There is a' if known else 'Made the'} workspace {workspace.root}")
    terminal.say(f"Settings: {workspace.settings}")
    terminal.say(f"Start `hone serve`, then choose the password of {me} at {where}{invited['link']}")
    terminal.notice("The link works once, for a week. `hone user add NAME --role expert` makes further people.")


def _make_project(connection: Any, name: str) -> None:
    if name in [found["name"] for found in connection.call("GET", "/projects")]:
        terminal.notice(f"The project '{name}' is there already.")
        return
    connection.call("POST", "/projects", json={"name": name})
    terminal.notice(f"Made the project '{name}' with default settings.")


def _serve(host: str | None, port: int | None, no_browser: bool, default: str | None = None) -> None:
    from hone.platform.server import serve as run_server

    def announce(line: str) -> None:
        print(line, flush=True)  # a script waits for the address

    run_server(common.workspace(default), host, port, not no_browser, announce)


def _usual_address(file: Path) -> str:
    from hone.platform import settings

    server = settings.read(file).server
    return f"http://{server.host}:{server.port or '<port>'}"


VERBS: dict[str, Any] = {"demo": demo, "serve": serve, "init": init}
