"""The bytes of a file as lines of text, without ever holding the file.

The first megabytes decide on the encoding: UTF-8 unless they say otherwise by their first bytes or are plainly
something else. Bytes that do not fit stay visible as lone surrogates, so that the row that holds them can be refused
by its line.
"""

import codecs
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from hone.labeling.files.rows import LONGEST_ROW
from hone.storage.errors import InputError

HEAD = 4 * 2**20  # bytes that decide
KINDS = "a JSONL, JSON, CSV, TSV or Parquet file"
NOT_TEXT = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV",
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"BZh": "a bzip2 file: unpack it first",
    b"\xfd7zXZ": "an xz file: unpack it first",
    b"\x28\xb5\x2f\xfd": "a Zstandard file: unpack it first",
    b"%PDF": "a PDF document: give a table of texts",
}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_VISIBLE = "hone-visible"
codecs.register_error(_VISIBLE, lambda problem: ("\udcff", getattr(problem, "end", 0)))


def opened(path: Path, name: str) -> "io.BufferedReader[io.FileIO]":
    """The file for reading; InputError when there is none or it cannot be read."""
    try:
        if os.path.isdir(path):
            raise InputError(f"{name} is a folder. Choose {KINDS} in it.")
        return io.BufferedReader(io.FileIO(path), 1 << 20)
    except (FileNotFoundError, ValueError) as problem:  # ValueError: a NUL in the path
        raise InputError(f"There is no file {name}. Check the path.") from problem
    except OSError as problem:
        raise InputError(f"{name} cannot be read: {problem.strerror}. Check its permissions.") from problem


def stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced or written to; zeros when it is gone."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def head(path: Path, name: str) -> bytes:
    """The first megabytes of a file; InputError when it plainly holds no text."""
    try:
        with opened(path, name) as file:
            found = file.read(HEAD)
    except OSError as problem:
        raise InputError(f"{name} cannot be read: {problem.strerror}. Check its permissions.") from problem
    for start, what in NOT_TEXT.items():
        if found.startswith(start):
            raise InputError(f"{name} is {what}.")
    return found


def encoding_of(raw: bytes) -> str:
    """The encoding that the first bytes of a file say or show; UTF-8 when they say nothing."""
    return next((known for bom, known in BOMS if raw.startswith(bom)), None) or _utf16_without_bom(raw) or "utf-8"


def _utf16_without_bom(raw: bytes) -> str | None:
    """Every second byte of Western text in UTF-16 is zero."""
    first = raw[:400]
    if len(first) >= 4 and first[1::2].count(0) > 0.6 * len(first[1::2]) and first[::2].count(0) == 0:
        return "utf-16-le"
    if len(first) >= 4 and first[::2].count(0) > 0.6 * len(first[::2]) and first[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def single_byte(raw: bytes, encoding: str) -> str:
    """Windows cp1252 for a head of UTF-8 that is not UTF-8 anywhere; one with both keeps its broken bytes."""
    if encoding != "utf-8":
        return encoding
    text = decoded(raw, encoding)
    broken = text.count("\udcff")
    if not broken or broken < sum(char > "\x7f" and char != "\udcff" for char in text):
        return encoding
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return encoding
    return "cp1252"


def decoded(raw: bytes, encoding: str) -> str:
    """The text of the first bytes of a file; a character that they cut in two is left out."""
    return codecs.getincrementaldecoder(encoding)(_VISIBLE).decode(raw)


def as_text(file: BinaryIO, encoding: str, newline: str = "\n") -> TextIO:
    """The file as text, read as it is needed."""
    return io.TextIOWrapper(file, encoding, errors=_VISIBLE, newline=newline)


def lines(text: TextIO) -> Iterator[tuple[int, str, bool]]:
    """Each line with its number from 1, and whether it is whole: of one over the limit only the start is held."""
    number = 0
    while line := text.readline(LONGEST_ROW):
        number += 1
        if len(line) < LONGEST_ROW or line.endswith("\n"):
            yield number, line, True
            continue
        rest = line
        while rest and not rest.endswith("\n"):
            rest = text.readline(LONGEST_ROW)
        yield number, line[:1000], False
