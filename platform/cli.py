"""The `hone` command: the verbs of the loop, in the order of the loop."""

from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hone.platform.commands import (
    batches,
    care,
    checking,
    choosing,
    common,
    exporting,
    judging,
    merging,
    pairs,
    preferring,
    projects,
    reports,
    runs,
    searching,
    start,
    team,
    terminal,
)
from hone.storage.errors import HoneError, InputError

PANELS: dict[str, tuple[str, ...]] = {
    "Begin": ("demo", "serve", "init", "project"),
    "Pairs and what experts say of them": (
        "import",
        "check",
        "pairs",
        "reviews",
        "adjudications",
        "flags",
        "team",
        "export",
        "status",
    ),
    "Batch and model": ("batch", "train", "search", "runs", "models", "merge", "generate", "suggest", "prefer"),
    "Judge blind, decide, go round again": ("matchups", "judgements", "report", "gate", "queue"),
    "Look after it": ("user", "backup", "restore", "doctor"),
}
ORDER = [name for names in PANELS.values() for name in names]

EPILOG = """\
--workspace and --as may also stand behind the verb; `hone VERB --help` says more.

Exit codes:
\b
  0    done
  1    it could not be done; one line on stderr says why and what to do
  2    the command or its input is not right; nothing was stored
  130  stopped by Ctrl-C
  `hone gate` answers by its code: 0 better, 1 worse, 2 cannot tell yet,
  and 3 when there is no answer."""

EXIT_GATE_ERROR = 3
EXIT_INTERRUPTED = 130


class Verbs(TyperGroup):
    """The verbs in the order of the loop; what a person can mend is told in one line, without a traceback."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """In the order of the loop, not of the alphabet."""
        return sorted(self.commands, key=ORDER.index)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """--workspace and --as count wherever they stand."""
        return super().parse_args(ctx, _globals_first(args))

    def invoke(self, ctx: Any) -> Any:
        """Run the verb, and turn what goes wrong into a line and an exit code."""
        try:
            return super().invoke(ctx)
        except HoneError as problem:
            terminal.notice(f"hone: {' '.join(str(problem).split())}")
            code = 2 if isinstance(problem, InputError) else 1
        except KeyboardInterrupt:
            terminal.notice("hone: stopped.")
            code = EXIT_INTERRUPTED
        except Exception as problem:
            if ctx.invoked_subcommand == "gate" and hasattr(problem, "format_message"):
                problem.exit_code = EXIT_GATE_ERROR  # type: ignore[attr-defined]  # typer's own usage error
            raise
        raise typer.Exit(EXIT_GATE_ERROR if ctx.invoked_subcommand == "gate" and code < 3 else code)


app = typer.Typer(
    name="hone",
    cls=Verbs,
    epilog=EPILOG,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        terminal.say(f"hone {version('hone-llm')}")
        raise typer.Exit


@app.callback()
def hone(
    workspace: Annotated[
        str | None,
        typer.Option(
            "--workspace",
            "-w",
            metavar="FOLDER",
            help="Else $HONE_WORKSPACE, else ./hone-workspace.",
            show_default=False,
        ),
    ] = None,
    person: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Act as this person; else as the workspace's owner.")
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, metavar="", help="Print the version.")
    ] = False,
) -> None:
    """Pairs in, reviewed, approved, trained, judged blind, reported: one iteration of a language model after another.

    Begin with `hone demo`, or with `hone import FILE --project NAME`.
    """
    common.chosen.workspace = workspace
    common.chosen.person = person


def _globals_first(args: list[str]) -> list[str]:
    """The arguments with --workspace and --as moved before the verb."""
    front: list[str] = []
    rest: list[str] = []
    left = iter(args)
    for argument in left:
        if argument == "--":
            rest += [argument, *left]
        elif argument in ("--workspace", "-w", "--as"):
            front += [argument, *([value] if (value := next(left, None)) is not None else [])]
        elif argument.startswith(("--workspace=", "--as=")):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def _panel(verb: str) -> str:
    return next(panel for panel, names in PANELS.items() if verb in names)


for _topic in (
    start,
    projects,
    pairs,
    checking,
    choosing,
    exporting,
    team,
    batches,
    runs,
    searching,
    preferring,
    judging,
    merging,
    reports,
    care,
):
    for _verb, _function in _topic.VERBS.items():
        if isinstance(_function, typer.Typer):
            app.add_typer(_function, name=_verb, rich_help_panel=_panel(_verb))
        else:
            app.command(_verb, rich_help_panel=_panel(_verb))(_function)


def main() -> None:
    """The command `hone`; it ends the process with its exit code."""
    app()


if __name__ == "__main__":
    main()
