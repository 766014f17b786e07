"""What is told of a file before it is imported, and of an import when it is done."""

from typing import Literal

from hone.labeling.files.mapping import Mapping
from hone.labeling.files.reading import Format
from hone.labeling.files.rows import RowProblem
from hone.storage.records import Record


class Preview(Record):
    """What a file looks like by its first rows: its shape, its columns, and five rows as text."""

    format: Format
    shape: str
    encoding: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


class FirstPair(Record):
    """A pair as it would be stored."""

    instruction: str
    context: str
    response: str
    group: str | None
    metadata: dict[str, str]


class Check(Record):
    """What an import would do, over the whole file; `problems` are the first of the refused rows."""

    file_name: str
    shape: str
    encoding: str
    counted_in: Literal["line", "row"]
    mapping: Mapping
    read: int
    new: int
    known: int
    refused: int
    problems: tuple[RowProblem, ...]
    without_response: int
    opinions: int
    annotations_kept: int
    left_out: dict[str, int]
    pairs: tuple[FirstPair, ...]


class ImportResult(Record):
    """What came of a file. `read` = `added` + `known` + `refused`; a row already there counts as known.

    `problems` are the first of the refused rows, `refused_file` in the workspace's exports has all of them.
    `opinions` counts annotations that were recorded as opinions (or were in already), `opinions_refused` says which
    of them do not fit the pair's standing here; `annotations_kept` stand in the metadata. `left_out` counts, by
    column, the values that are kept nowhere.
    """

    import_id: str
    file_name: str
    shape: str
    encoding: str
    counted_in: Literal["line", "row"]
    read: int
    added: int
    known: int
    refused: int
    problems: tuple[RowProblem, ...]
    refused_file: str | None
    without_response: int
    opinions: int
    opinions_refused: tuple[RowProblem, ...]
    annotations_kept: int
    left_out: dict[str, int]
