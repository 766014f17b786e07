"""Check digits: whether a number can be what it looks like."""

_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10,
    22, 25, 24, 23), strict=True))  # fmt: skip
# Verhoeff's dihedral group D5 (1969): the product table and the permutation.
_D5 = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
       "5987604321", "6598710432", "7659821043", "8765932104", "9876543210")  # fmt: skip
_TURN = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24,
    "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29,
}  # fmt: skip


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B: payment cards."""
    doubled = "0246813579"
    total = sum(int(doubled[int(d)]) if place % 2 else int(d) for place, d in enumerate(reversed(number)))
    return total % 10 == 0


def iban(text: str) -> bool:
    """ISO 13616: length of the country, and 1 modulo 97 (ISO 7064) with the first four signs at the end."""
    if _IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def verhoeff(number: str) -> bool:
    """Verhoeff (1969): Aadhaar numbers of India."""
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = int(_D5[check][int(_TURN[place % 8][int(digit)])])
    return check == 0


def mod_11_10(number: str) -> bool:
    """ISO 7064 MOD 11,10: tax numbers of Germany (Steuer-ID)."""
    rest = 10
    for digit in number[:-1]:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return (11 - rest) % 10 == int(number[-1])


def german_tax_id(number: str) -> bool:
    """Eleven digits; of the first ten one stands there twice or thrice, and MOD 11,10 holds."""
    most = max(number[:10].count(digit) for digit in number[:10])
    return number[0] != "0" and most in (2, 3) and mod_11_10(number)


def spanish_dni(text: str) -> bool:
    """DNI and NIE of Spain: the letter is the number modulo 23."""
    number = text[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1]


def italian_codice(text: str) -> bool:
    """Codice fiscale of Italy (decree of 12 March 1974): odd places by a table, modulo 26."""
    total = sum(_ODD[sign] if place % 2 == 0 else _even(sign) for place, sign in enumerate(text[:15]))
    return chr(ord("A") + total % 26) == text[15]


def french_nir(number: str) -> bool:
    """NIR of France: the key is 97 less the number modulo 97."""
    return 97 - int(number[:13]) % 97 == int(number[13:])


def swiss_ahv(number: str) -> bool:
    """AHV number of Switzerland: 756 and an EAN-13 check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number[:12]))
    return number.startswith("756") and -total % 10 == int(number[12])


def dutch_bsn(number: str) -> bool:
    """BSN of the Netherlands: the weighted sum is a multiple of 11."""
    total = sum(int(digit) * weight for digit, weight in zip(number, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
    return total % 11 == 0 and int(number) > 0


def polish_pesel(number: str) -> bool:
    """PESEL of Poland: weights 1, 3, 7, 9."""
    total = sum(int(digit) * weight for digit, weight in zip(number, (1, 3, 7, 9) * 2 + (1, 3, 1), strict=True))
    return total % 10 == 0 and 1 <= int(number[2:4]) % 20 <= 12


def british_nhs(number: str) -> bool:
    """NHS number of England: modulo 11."""
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(number[:9]))
    return (11 - total % 11) % 11 == int(number[9])


def brazilian_cpf(number: str) -> bool:
    """CPF of Brazil: two check digits modulo 11."""
    if len(set(number)) == 1:
        return False
    for end in (9, 10):
        total = sum(int(digit) * (end + 1 - place) for place, digit in enumerate(number[:end]))
        if total * 10 % 11 % 10 != int(number[end]):
            return False
    return True


def _even(sign: str) -> int:
    return int(sign) if sign.isdigit() else ord(sign) - ord("A")
