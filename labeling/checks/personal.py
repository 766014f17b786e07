"""Personal data: addresses and numbers by which a private person can be found.

A number counts when its check digits hold, or when its form or the words before it leave no doubt.
"""

import re
from collections.abc import Callable, Iterator

from hone.labeling.checks import digits
from hone.labeling.checks.found import Found, Norms, Texts, shown
from hone.labeling.checks.names import names_in
from hone.storage.reviews import Field

_MAIL = re.compile(r"(?<![\w.+-])[\w][\w.+-]{0,63}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
_CARD = re.compile(r"(?<![\w.,-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w-]|[.,]\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
_PHONE = re.compile(
    r"(?<![\w.,/+-])(?:\+\d{1,3}|00\d{2}|\(\+?\d{1,5}\)|0\d{1,5}|\d{3})(?:[ "
    r"./-]{0,2}(?:\(\d{1,5}\)|\d{1,5}+)){1,6}(?![\w-]|[.,/]\d)"  # 5+: a run of digits is cut in one way alone
)
_CALLS = re.compile(
    r"\b(?:call|phone|telephone|tel|ring|mobile|cell|fax|text|whatsapp|dial|reach (?:me|us|him|her|them) (?:on|at)"
    r"|anrufen|rufen sie|telefon|mobil|handy|téléphone|appelez|teléfono|móvil|llame)\b[^.\n]{0,30}$",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)?\d{2}|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2})$")

# Name, form, check of its letters and digits, and words of which one must stand near where that is no proof.
_NUMBERS: tuple[tuple[str, str, Callable[[str], bool] | None, str], ...] = (
    ("a US social security number", r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}", None, ""),
    ("a UK insurance number", r"(?![DFIQUV])[A-CEGHJ-PR-TW-Z](?![DFIQUVO])[A-Z](?: ?\d{2}){3} ?[A-D]", None, ""),
    ("an Italian tax code", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", digits.italian_codice, ""),
    ("a Spanish identity number", r"(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z]", digits.spanish_dni, ""),
    ("a Swiss insurance number", r"756\.\d{4}\.\d{4}\.\d{2}", digits.swiss_ahv, ""),
    ("a Brazilian CPF", r"\d{3}\.\d{3}\.\d{3}-\d{2}", digits.brazilian_cpf, ""),
    ("a French insurance number", r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2}(?: ?\d{3}){2} ?\d{2}", digits.french_nir, ""),
    ("a German tax number", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", digits.german_tax_id, r"steuer|tax|idnr|tin\b"),
    ("a Dutch BSN", r"\d{9}", digits.dutch_bsn, r"bsn|burgerservice|sofi"),
    ("a Polish PESEL", r"\d{11}", digits.polish_pesel, r"pesel"),
    ("an NHS number", r"\d{3}[ -]?\d{3}[ -]?\d{4}", digits.british_nhs, r"nhs"),
    ("an Aadhaar number", r"[2-9]\d{3} ?\d{4} ?\d{4}", digits.verhoeff, r"aadhaar|aadhar|uid"),
    ("a passport number", r"(?=[A-Z0-9]*\d{3})[A-Z0-9]{7,9}", None, r"passport (?:number|no)|reisepass|passeport"),
)
_FORMS = tuple(
    (name, re.compile(rf"(?<![\w.,/-]){form}(?![\w/-]|[.,]\d)"), check, re.compile(near, re.I) if near else None)
    for name, form, check, near in _NUMBERS
)
_BETWEEN = str.maketrans("", "", " .-")
_NEAR = 40  # characters before a number in which its name stands
_SOME_DIGITS = re.compile(r"\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d")

Hit = tuple[int, int, str, str]  # start, end, what it is, the mask


def find(texts: Texts, _: Norms) -> Iterator[Found]:
    """Each datum once, with a mask in its place."""
    for field, text in texts.fields():
        end = 0
        for hit in sorted(_hits(text), key=lambda hit: (hit[0], -hit[1])):
            if hit[0] >= end:
                end = hit[1]
                yield _found(field, text, hit)


def _hits(text: str) -> Iterator[Hit]:
    if "@" in text:
        yield from ((*found.span(), "an e-mail address", "[e-mail]") for found in _MAIL.finditer(text))
    if _SOME_DIGITS.search(text):
        yield from _numbers(text)
    yield from ((start, end, "a person's name", "[name]") for start, end in names_in(text))


def _numbers(text: str) -> Iterator[Hit]:
    for found in _CARD.finditer(text):
        number = found[0].translate(_BETWEEN)
        if 13 <= len(number) <= 19 and len(set(number)) > 1 and digits.luhn(number):
            yield (*found.span(), "a card number", "[card]")
    for found in _IBAN.finditer(text):
        hit = _iban(found)
        if hit:
            yield hit
    for name, form, check, near in _FORMS:
        for found in form.finditer(text):
            before = text[max(0, found.start() - _NEAR) : found.start()]
            if (near is None or near.search(before)) and (check is None or check(found[0].translate(_BETWEEN))):
                yield (*found.span(), name, "[identity number]")
    for found in _PHONE.finditer(text):
        if _is_phone(text, found):
            yield (*found.span(), "a telephone number", "[phone]")


def _iban(found: re.Match[str]) -> Hit | None:
    """The account number without a word in capitals that happens to follow it."""
    said = found[0]
    while len(said) >= 15:
        if digits.iban(said.replace(" ", "")):
            return (found.start(), found.start() + len(said), "a bank account number", "[account]")
        said = said.rpartition(" ")[0]
    return None


def _is_phone(text: str, found: re.Match[str]) -> bool:
    said, number = found[0], re.sub(r"\D", "", found[0])
    if not 7 <= len(number) <= 15 or len(set(number)) == 1 or _DATE.match(said):
        return False
    if said.startswith("+") and len(number) >= 9:
        return True
    if said.startswith("00") and len(number) >= 10 and not said.isdigit():
        return True
    american = re.fullmatch(r"\(?[2-9]\d{2}\)?[ .-]\d{3}[.-]\d{4}", said) is not None
    return american or _CALLS.search(text, max(0, found.start() - _NEAR), found.start()) is not None


def _found(field: Field, text: str, hit: Hit) -> Found:
    start, end, what, mask = hit
    return Found("personal_data", field, start, end, f"{shown(text[start:end], 30)} looks like {what}.", mask)
