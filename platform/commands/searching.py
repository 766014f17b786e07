"""Search for good settings."""

from typing import Annotated, Any

import typer

from hone.platform.commands import terminal
from hone.platform.commands.common import AsJson, ProjectName, session
from hone.platform.commands.runs import Detach, Set, begun, follow, tell_runs
from hone.training.searching.space import PRESETS

Space = Annotated[
    list[str] | None,
    typer.Option(
        "--space", metavar="RANGE", help="What to try: learning_rate=1e-5..1e-3, lora_r=4,8,16. Once for each setting."
    ),
]


def search(
    batch: Annotated[int, typer.Option("--batch", help="The number of a frozen batch; its train split is used.")],
    project: ProjectName = None,
    space: Space = None,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="|".join(PRESETS), help="Ranges that go well together.")
    ] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, max=10_000, help="Most settings to try.")] = 12,
    folds: Annotated[int, typer.Option("--folds", min=2, max=20, help="Of the cross-validation over groups.")] = 3,
    grid: Annotated[
        bool, typer.Option("--grid", help="Walk through all points, instead of learning from each.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune/--no-prune", help="Stop a trial whose folds are worse than most.")
    ] = True,
    train: Annotated[bool, typer.Option("--train", help="Then train with the settings that won.")] = False,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="toy|FOLDER|HUB ID", help="Else the base of the project's models so far."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the folds and of the order.")] = 0,
    set_: Set = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Search for good settings by cross-validation on a batch's train split."""
    body = {"batch": batch, "space": space or [], "preset": preset, "trials": trials, "folds": folds, "prune": prune}
    body |= {"sampler": "grid" if grid else "bayesian", "base": base, "seed": seed, "settings": set_ or []}
    with session(project) as here:
        run = here.post("/runs/search", body)
        if detach:
            _tell(begun(here.connection, run), [], as_json)
            return
        run = follow(here.connection, run["number"], f"Run {run['number']}, searching")
        _tell(run, here.connection.call("GET", f"/runs/{run['number']}/trials"), as_json)
        if train:
            made = here.connection.call("POST", f"/runs/{run['number']}/winner")
            tell_runs([follow(here.connection, made["number"], f"Run {made['number']}, training")], as_json)


def _tell(run: dict[str, Any], trials: list[dict[str, Any]], as_json: bool) -> None:
    from hone.platform.commands.run_lines import tell_trials  # the whole of a run's page: other verbs start without

    if as_json:
        terminal.as_json({"run": run, "trials": trials})
    else:
        tell_trials(run, trials)
    if not as_json or run["status"] in ("failed", "cancelled"):
        tell_runs([run], as_json=False)


VERBS: dict[str, Any] = {"search": search}
