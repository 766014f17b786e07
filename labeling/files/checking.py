"""One pass over a file: every row becomes a pair or a reason, chunk by chunk; only a chunk is ever held."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from hone.labeling.files import annotations
from hone.labeling.files.annotations import Annotations
from hone.labeling.files.mapping import Made, Maker, Mapping, as_stored, must_fit
from hone.labeling.files.reading import Folder, Source
from hone.labeling.files.rows import RawRow, RowProblem, Values
from hone.labeling.files.shapes import NAMES, Flatten, Said, Shape, flatten, shape_of
from hone.storage.errors import InputError
from hone.storage.intake import Arrivals

ROWS = 20_000  # in a chunk at most: one transaction, a fraction of a second
CHARACTERS = 24_000_000  # in a chunk at most
TOLD = 200  # problems that an answer names; a file has all of them
STEP = 1_000  # rows between two words of progress

Progress: TypeAlias = Callable[[int, int], None]  # rows read, rows that there are, as far as can be told
Sink: TypeAlias = Callable[[RawRow, Values, str], None]


class Table:
    """A file with its shape recognised: what can be mapped, and its rows in columns."""

    def __init__(self, source: Source | Folder):
        self.source = source
        good = [row.values for row in source.sample if row.problem is None]
        self.shape: Shape = shape_of(good)
        self._flatten: Flatten | None = flatten(self.shape)
        flat = [found for values in good if (found := self._flat(values)) is not None]
        self.sample: tuple[Values, ...] = tuple(flat)
        self.columns = (
            source.columns if self._flatten is None else tuple(dict.fromkeys(name for row in flat for name in row))
        )

    @property
    def says(self) -> str:
        """The shape, in words."""
        return NAMES[self.shape]

    def in_columns(self, row: RawRow) -> tuple[Values, dict[str, str], tuple[Said, ...]]:
        """The row's columns, metadata that goes with it, what was said about it; InputError with why there is none."""
        if row.problem:
            raise InputError(row.problem)
        if self._flatten is None:
            return row.values, {}, ()
        return self._flatten(row.values)

    def _flat(self, values: Values) -> Values | None:
        try:
            return values if self._flatten is None else self._flatten(values).values
        except InputError:
            return None


class Opinion(NamedTuple):
    """What somebody said elsewhere about the pair with this digest, as a row for `record_reviews`."""

    line: int
    digest: str
    row: dict[str, Any]


@dataclass
class Chunk:
    """Pairs that go into the store together, and the opinions on them."""

    arrived: Arrivals = field(default_factory=Arrivals)
    opinions: list[Opinion] = field(default_factory=list)
    characters: int = 0

    def add(self, made: Made, metadata: dict[str, str], source: str) -> None:
        """One more pair."""
        arrived = self.arrived
        arrived.instructions.append(made.instruction)
        arrived.contexts.append(made.context)
        arrived.responses.append(made.response)
        arrived.groups.append(made.group)
        arrived.sources.append(source)
        arrived.metadata.append(stored := as_stored(metadata))
        arrived.digests.append(made.digest)
        self.characters += len(made.instruction) + len(made.context) + len(made.response) + len(stored)

    @property
    def full(self) -> bool:
        """Whether it should be stored now."""
        return len(self.arrived) >= ROWS or self.characters >= CHARACTERS


@dataclass
class Tally:
    """What a pass has met so far. `problems` are the first of the refused rows."""

    read: int = 0
    good: int = 0
    refused: int = 0
    unreadable: int = 0  # of the refused: not even a row
    without_response: int = 0
    kept: int = 0  # annotations that stay metadata
    problems: list[RowProblem] = field(default_factory=list)
    first: list[Made] = field(default_factory=list)

    def refuse(self, line: int, reason: str, unreadable: bool) -> None:
        """Count a refused row."""
        self.refused += 1
        self.unreadable += unreadable
        if len(self.problems) < TOLD:
            self.problems.append(RowProblem(line=line, reason=reason))


class Pass:
    """A pass over a table with one mapping; `tally` and `left_out` tell how far it came."""

    def __init__(self, table: Table, mapping: Mapping, sorter: Annotations | None, sink: Sink | None = None):
        must_fit(mapping, table.columns, table.source.name)
        self._table = table
        self._maker = Maker(mapping, table.sample)
        self._sorter = sorter
        self._sink = sink
        self.tally = Tally()

    @property
    def left_out(self) -> dict[str, int]:
        """How many values of each column are kept nowhere."""
        return dict(self._maker.left_out)

    def chunks(self, progress: Progress) -> Iterator[Chunk]:
        """The good rows, chunk by chunk; the refused ones are counted and given to the sink."""
        chunk, tally, source = Chunk(), self.tally, self._table.source
        for row in source.rows():
            tally.read += 1
            values: Values = row.values
            try:
                values, extra, said = self._table.in_columns(row)
                made = self._maker.make(values, row.key)
            except InputError as problem:
                tally.refuse(row.line, str(problem), row.problem is not None)
                if self._sink:
                    self._sink(row, values, str(problem))
            else:
                self._take(chunk, row.line, made, extra, said)
            if tally.read % STEP == 0:
                progress(tally.read, max(tally.read, round(tally.read / max(source.share, 1e-9))))
            if chunk.full:
                yield chunk
                chunk = Chunk()
        progress(tally.read, tally.read)
        if len(chunk.arrived):
            yield chunk

    def _take(self, chunk: Chunk, line: int, made: Made, extra: dict[str, str], said: Sequence[Said]) -> None:
        tally = self.tally
        tally.good += 1
        if not made.response or made.response.isspace():
            tally.without_response += 1
        if len(tally.first) < 5:
            tally.first.append(made)
        metadata = {**made.metadata, **extra} if extra else made.metadata
        if said:
            opinions, kept = (
                self._sorter.sort(said, made.response) if self._sorter else ([], [each.raw for each in said])
            )
            chunk.opinions += [Opinion(line, made.digest, row) for row in opinions]
            if kept:
                metadata = {**metadata, annotations.KEY: annotations.kept_as_text(kept)}
                tally.kept += len(kept)
        chunk.add(made, metadata, self._table.source.name)


def nothing(done: int, total: int) -> None:
    """Nobody watches."""
