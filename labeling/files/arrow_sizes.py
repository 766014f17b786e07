"""What the batches of an Arrow stream unpack to, read from their headers before anything is unpacked.

An encapsulated message is the length of its header, the header (a FlatBuffer) and the body; a buffer of a compressed
body begins with its length when it is unpacked (Arrow columnar format, "Encapsulated message format" and
"Compression").
"""

import os
import struct
from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

import pyarrow as pa

MAGIC = b"ARROW1\0\0"  # before the stream in a file
LONGEST_HEADER = 64 * 2**20
_DICTIONARY, _BATCH = 2, 3  # kinds of messages
_U16, _I32, _U32, _I64, _TWO = (Struct(f"<{form}") for form in ("H", "i", "I", "q", "qq"))


class Size(NamedTuple):
    """Of a batch: bytes when it is unpacked, values of its longest column; and whether it is a dictionary's."""

    unpacked: int
    values: int
    dictionary: bool


def sizes(file: BinaryIO) -> Iterator[Size]:
    """The sizes of the batches of a stream, or of the stream in a file.

    Raises:
        ArrowInvalid: A header is broken, or longer than LONGEST_HEADER; or the file ends before a body does.
    """
    handle = file.fileno()
    place, end = start_of(handle), os.fstat(handle).st_size
    try:
        while True:
            header, body = _header(handle, place)
            if not header:
                return
            kind, table, length = _message(header)
            if body + length > end:
                raise pa.ArrowInvalid("it is cut off")
            if kind in (_DICTIONARY, _BATCH):
                data = _indirect(header, _must(_field(header, table, 1))) if kind == _DICTIONARY else table
                yield _size(handle, header, data, body, length, kind == _DICTIONARY)
            place = body + length
    except (struct.error, IndexError) as problem:
        raise pa.ArrowInvalid("a header of it is broken") from problem


def start_of(handle: int) -> int:
    """Where the stream begins: at once, or behind the magic bytes of a file."""
    return len(MAGIC) if os.pread(handle, 6, 0) == MAGIC[:6] else 0


def _header(handle: int, place: int) -> tuple[bytes, int]:
    """The header at a place and where its body begins; no header at the end."""
    said = os.pread(handle, 8, place)
    if len(said) < 4:
        return b"", place
    old = _I32.unpack_from(said)[0] != -1  # before Arrow 0.15 there was no mark
    length = _I32.unpack_from(said, 0 if old else 4)[0]
    if not 0 <= length <= LONGEST_HEADER:
        raise pa.ArrowInvalid(f"a header of it says that it has {length:,} bytes")
    start = place + (4 if old else 8)
    return os.pread(handle, length, start), start + length


def _message(header: bytes) -> tuple[int, int, int]:
    """The kind of a message, where its own table is, and the length of its body."""
    root = _indirect(header, 0)
    kind, length = _field(header, root, 1), _field(header, root, 3)
    body = _I64.unpack_from(header, length)[0] if length else 0
    if body < 0:
        raise IndexError
    return (header[kind] if kind else 0), _indirect(header, _must(_field(header, root, 2))), body


def _size(handle: int, header: bytes, table: int, body: int, length: int, dictionary: bool) -> Size:
    rows, packed = _field(header, table, 0), _field(header, table, 3)
    values = [_I64.unpack_from(header, rows)[0] if rows else 0, *(length for length, _ in _pairs(header, table, 1))]
    unpacked = 0
    for offset, held in _pairs(header, table, 2):
        said = os.pread(handle, 8, body + offset) if packed and held >= 8 and offset >= 0 else b""
        full = _I64.unpack_from(said)[0] if len(said) == 8 else -1
        unpacked += max(held, full, 0)  # -1: this one was not worth packing
    return Size(max(unpacked, length), max(values), dictionary)


def _pairs(header: bytes, table: int, number: int) -> Iterator[tuple[int, int]]:
    """A vector of two numbers each."""
    place = _field(header, table, number)
    if place:
        start = _indirect(header, place)
        for at in range(_U32.unpack_from(header, start)[0]):
            first, second = _TWO.unpack_from(header, start + 4 + 16 * at)
            yield first, second


def _field(header: bytes, table: int, number: int) -> int:
    """Where a field of a table is; 0 when it is left out."""
    index = table - _I32.unpack_from(header, table)[0]
    if index < 0:
        raise IndexError
    entry = 4 + 2 * number
    offset: int = _U16.unpack_from(header, index + entry)[0] if entry < _U16.unpack_from(header, index)[0] else 0
    return table + offset if offset else 0


def _indirect(header: bytes, place: int) -> int:
    return place + int(_U32.unpack_from(header, place)[0])


def _must(place: int) -> int:
    if not place:
        raise IndexError
    return place
