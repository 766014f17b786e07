"""The bytes of a file as text, and in which encoding.

UTF-8 unless the file says otherwise by its first bytes or is plainly UTF-16. Bytes that do not fit stay visible as
lone surrogates, so that the row that holds them can be refused by name.
"""

import codecs
from pathlib import Path

from hone.storage.errors import InputError

LARGEST = 512 * 1024 * 1024  # bytes
NOT_TEXT = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook: save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV",
    b"PAR1": "a Parquet file: write it as JSONL first",
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"%PDF": "a PDF document: give a table of texts",
}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def content(path: Path, name: str) -> bytes:
    """The bytes of a file; InputError when it is no file, cannot be read, is too large or plainly no text."""
    if path.is_dir():
        raise InputError(f"{name} is a folder. Choose a JSONL, CSV or JSON file in it.")
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{name} is larger than {LARGEST // 2**20} MB. Split it and import the parts.")
        raw = path.read_bytes()
    except (FileNotFoundError, ValueError) as problem:  # ValueError: a NUL in the path
        raise InputError(f"There is no file {name}. Check the path.") from problem
    except OSError as problem:
        raise InputError(f"{name} cannot be read: {problem.strerror}. Check its permissions.") from problem
    for start, what in NOT_TEXT.items():
        if raw.startswith(start):
            raise InputError(f"{name} is {what}.")
    return raw


def decode(raw: bytes, name: str) -> tuple[str, str]:
    """The text and its encoding. Bytes that do not fit stay visible as lone surrogates, for the row to be refused."""
    encoding = next((known for bom, known in BOMS if raw.startswith(bom)), None) or _utf16_without_bom(raw) or "utf-8"
    if encoding in ("utf-8", "utf-8-sig"):
        return raw.decode(encoding, errors="surrogateescape"), encoding
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError as problem:
        raise InputError(f"{name} says that it is {encoding}, but is broken at byte {problem.start}.") from problem


def _utf16_without_bom(raw: bytes) -> str | None:
    """Every second byte of Western text in UTF-16 is zero."""
    head = raw[:400]
    if len(head) >= 4 and head[1::2].count(0) > 0.6 * len(head[1::2]) and head[::2].count(0) == 0:
        return "utf-16-le"
    if len(head) >= 4 and head[::2].count(0) > 0.6 * len(head[::2]) and head[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def single_byte(raw: bytes, text: str, encoding: str) -> tuple[str, str]:
    """Read a CSV file as Windows cp1252 when it is not UTF-8 anywhere; one with both keeps its broken bytes."""
    broken = [char for char in text if "\udc80" <= char <= "\udcff"] if not text.isascii() else []
    proper = len(broken) < sum(char > "\x7f" for char in text)
    if encoding != "utf-8" or not broken or proper:
        return text, encoding
    try:
        return raw.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return text, encoding
