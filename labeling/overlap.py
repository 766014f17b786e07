"""How many opinions the pairs of a slice are asked for: more where it matters, one where it does not."""

from hone.labeling import filtering, standing
from hone.storage import audit, pairs, seats
from hone.storage.errors import InputError
from hone.storage.filters import PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Cursor, Store

MOST = 9


class Asked(Record):
    """How many open pairs now want so many opinions, how many of them had enough already, and how many stay as decided.

    A pair that has enough is settled at once: approved, rejected, or up to a lead.
    """

    opinions: int
    open: int
    settled: int
    decided: int


def ask(store: Store, project: Project, person: Person, wanted: PairFilter, opinions: int) -> Asked:
    """Ask for so many opinions on each open pair that the filter means. What is decided stays so.

    Raises:
        Forbidden: The person is no lead.
        InputError: Too few opinions for the project's rule, or too many; or no pair is meant.
    """
    person.must("lead")
    least = project.settings.agree
    if not least <= opinions <= MOST:
        raise InputError(
            f"{opinions} opinions cannot be asked for: {least} must agree in '{project.name}', so ask for {least} to "
            f"{MOST}."
        )

    def change(cursor: Cursor) -> Asked:
        counts = pairs.counts(cursor, project.id, wanted)
        waiting = wanted.states == () or "open" in wanted.states
        open_ = pairs.ids(cursor, project.id, wanted.model_copy(update={"states": ("open",)})) if waiting else []
        if not sum(counts.values()):
            raise InputError("No pair is meant by this filter. Take something out of it.")
        begun = seats.want(cursor, project.id, opinions, open_)
        found = standing.settle_all(cursor, project, begun)
        settled = sum(one.state != "open" for one in found.values())
        said = filtering.text_of(wanted)
        audit.record(cursor, person.id, "opinions asked", project.id, opinions=opinions, chosen=said, open=len(open_))
        return Asked(opinions=opinions, open=len(open_), settled=settled, decided=sum(counts.values()) - len(open_))

    return store.write(change)
