"""`hone train --check`: a look at a run before it begins, as tables."""

import time
from typing import Any

from hone.platform.commands import terminal
from hone.platform.commands.common import Session
from hone.storage.errors import RunError

LOOK = 0.5  # seconds between two looks


def check(here: Session, body: dict[str, Any], as_json: bool) -> None:
    """Look at the run that this body would start, and print what there is to know.

    Raises:
        RunError: Something stands against the run; or the look itself failed.
    """
    begun = here.post("/preflights", body)
    found = _followed(here, begun["id"])
    if found["state"] != "done":
        raise RunError(f"The look {found['state']}: {found['message']}")
    if as_json:
        terminal.as_json(found)
    else:
        tell(found)
    against = [each["text"] for each in found["result"]["findings"] if each["kind"] == "refusal"]
    if against:
        raise RunError(f"The run cannot start: {' '.join(against)}")


def tell(found: dict[str, Any]) -> None:
    """Print a look that has ended."""
    result = found["result"]

    def named(row_id: str) -> str:
        return f"#{found['numbers'][row_id]}" if row_id in found["numbers"] else row_id

    if result["splits"]:
        rows = [
            (each["split"], each["rows"], each["tokens"] or None, each["learnt"] or None) for each in result["splits"]
        ]
        terminal.table(("split", ">rows", ">tokens", ">learnt"), rows)
        longest = [{**each, "id": named(each["id"])} for each in result["longest"]]
        names = ("id", "split", "tokens", "learnt", "begins")
        terminal.table(
            ("longest", "split", ">tokens", ">learnt", "begins"), ([e[name] for name in names] for e in longest)
        )
    for view in result["views"][1:2]:
        terminal.say(f"Learnt of {named(view['id'])}: {_learnt(view)}\n")
    if result["overlong"]:
        over = ((named(each["id"]), each["split"], each["tokens"], _becomes(each)) for each in result["overlong"])
        terminal.table((f"over {result['limit']:,} tokens", "split", ">tokens", "becomes"), over)
    if result["duplicates"]:
        twice = (
            (named(each["id"]), named(each["test_id"]), each["batch"] or "this one") for each in result["duplicates"]
        )
        terminal.table(("row", "asks the same as test item", "of batch"), twice)
    if result["estimate"]:
        terminal.table(("the run will take", "at most"), _takes(found, result["estimate"]))
    for each in result["findings"]:
        terminal.say(f"{each['kind']}: {each['text']}")


def _takes(found: dict[str, Any], told: dict[str, Any]) -> list[tuple[str, str]]:
    parts = ", ".join(f"{part} {_span(seconds)}" for part, seconds in told["seconds"].items() if seconds >= 0.05)
    rough = f"; rough: run {', '.join(map(str, found['beside']))} is at work beside it" if found["beside"] else ""
    rows = [
        ("time", f"{_span(told['total_seconds'])} ({parts}){rough}"),
        (
            "steps",
            f"{told['steps']:,} at {told['tokens_per_second']:,.0f} tokens a second, {told['precision']}, "
            f"{told['batching']}",
        ),
        ("learns", f"{told['trainable']:,} of {told['parameters']:,} weights"),
        ("memory", f"{told['memory_bytes'] / 1e9:.2f} GB of {told['memory_total'] / 1e9:.1f} GB"),
        ("disk", f"{told['disk_bytes'] / 1e9:.2f} GB of {told['disk_free'] / 1e9:.1f} GB free"),
    ]
    if found["cost"] is not None:
        rows.append(("cost", f"{found['cost']:.2f} {found['currency']}".strip()))
    return rows


def _followed(here: Session, look_id: str) -> dict[str, Any]:
    with terminal.progress("Looking before the start") as step:
        while True:
            found: dict[str, Any] = here.get(f"/preflights/{look_id}")
            if found["state"] != "running":
                return found
            step(100 * found["share"], 100, found["stage"])
            time.sleep(LOOK)


def _learnt(view: dict[str, Any]) -> str:
    if view["label"] is not None:
        return f"the label {view['label']}"
    return "".join(text for text, learnt in view["tokens"] if learnt)


def _becomes(row: dict[str, Any]) -> str:
    return f"shortened to {row['kept']:,}" if row["outcome"] == "shortened" else str(row["outcome"])


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
