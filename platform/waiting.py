"""The queue of runs: who is at work, who waits, and behind whom."""

from collections.abc import Sequence

from hone.storage.records import Record
from hone.storage.runs import Run


class Place(Record):
    """Where a run stands among those that have not ended, over all projects.

    `place` is 0 for a run at work, and 1, 2, 3, ... for those that wait; `behind` is the number of the run that has
    to end, or to begin, first. None: it waits for nobody and is about to begin.
    """

    run: int
    place: int
    behind: int | None


def places(unfinished: Sequence[Run]) -> dict[int, Place]:
    """The place of each run that has not ended, by its number.

    Args:
        unfinished: The runs that wait or go on, in the order in which they were asked for.
    """
    at_work = [run for run in unfinished if run.status == "running"]
    waiting = [run for run in unfinished if run.status == "waiting"]
    found = {run.number: Place(run=run.number, place=0, behind=None) for run in at_work}
    ahead = at_work[-1].number if at_work else None
    for place, run in enumerate(waiting, 1):
        found[run.number] = Place(run=run.number, place=place, behind=ahead)
        ahead = run.number
    return found


def in_words(place: Place) -> str:
    """Where a run stands, as a sentence."""
    if place.place == 0:
        return "At work."
    if place.behind is None:
        return "Next: it is about to begin."
    return f"{_ordinal(place.place)} in the queue, behind run {place.behind}."


def _ordinal(number: int) -> str:
    if number == 1:
        return "Next"
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
