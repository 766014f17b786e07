"""A filter of pairs as one line of text: what commands, addresses and the audit log write.

    state=approved source=letters.csv metadata.topic=termination flag=any flags=resolved rated.accuracy=1..2
    since=2026-11-01 until=2026-11-30 check=personal_data -check=duplicate by=anna group=doc12 words="late payment"

All of them must hold. A value with blanks stands in double quotes; in names of metadata, % and = are %25 and %3D.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, get_args
from urllib.parse import unquote

from hone.labeling import kept_back
from hone.labeling.checks.kinds import KINDS
from hone.storage import people, slices
from hone.storage.errors import Forbidden, InputError
from hone.storage.filters import ANY, STATES, Kind, PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Cursor

NAMES = (
    "state", "words", "source", "group", "metadata.FIELD", "check", "-check", "flag", "flags", "by",
    "rated.DIMENSION", "since", "until", "kind",
)  # fmt: skip
_LISTS = {"state": "states", "check": "checks", "-check": "without_checks"}
_PLAIN = {"words": "contains", "source": "source", "group": "group", "flag": "flagged", "by": "annotator"}
_KINDS = get_args(Kind)


def parse(text: str) -> PairFilter:
    """The filter that a line of text says; an empty one means every pair.

    Raises:
        InputError: Something in it is no `name=value`, has an unknown name, or a value that cannot be.
    """
    said: dict[str, Any] = {}
    for token in _tokens(text):
        name, equals, value = token.partition("=")
        if not equals:
            raise InputError(f"'{token}' is no name=value. For words in the texts write words=\"{token}\".")
        if name in _LISTS:
            said[_LISTS[name]] = (*said.get(_LISTS[name], ()), *_listed(name, value))
        elif name.startswith(("metadata.", "rated.")):
            record, _, field = name.partition(".")
            within = said.setdefault(record, {})
            _once(within, unquote(field), name)
            within[unquote(field)] = value if record == "metadata" else _scores(name, value)
        else:
            key, meant = _single(name, value)
            _once(said, key, name)
            said[key] = meant
    return PairFilter.model_validate(said)


def text_of(wanted: PairFilter) -> str:
    """The line of text that `parse` reads as this filter; empty for the one that means every pair."""
    return " ".join(f"{name}={_quoted(value)}" for name, value in terms(wanted))


def terms(wanted: PairFilter) -> list[tuple[str, str]]:
    """What a filter says, one (name, value) for each thing, as `text_of` writes them without quotes."""
    found: list[tuple[str, str]] = []
    if wanted.kind != "pair":
        found.append(("kind", wanted.kind))
    if wanted.states:
        found.append(("state", ",".join(wanted.states)))
    for name, value in (("words", wanted.contains or None), ("source", wanted.source), ("group", wanted.group)):
        if value is not None:
            found.append((name, value))
    found += [(_escaped(f"metadata.{field}"), value) for field, value in wanted.metadata.items()]
    found += [("check", kind) for kind in wanted.checks]
    found += [("-check", kind) for kind in wanted.without_checks]
    if wanted.flagged is not None:
        found.append(("flag", wanted.flagged))
    if wanted.flags_resolved:
        found.append(("flags", "resolved"))
    if wanted.annotator is not None:
        found.append(("by", wanted.annotator))
    found += [
        (_escaped(f"rated.{key}"), f"{_number(low)}..{_number(high)}") for key, (low, high) in wanted.rated.items()
    ]
    if wanted.since:
        found.append(("since", _moment(wanted.since)))
    if wanted.until:
        found.append(("until", _last_day(wanted.until)))
    return found


def without(wanted: PairFilter, name: str, value: str) -> PairFilter:
    """The filter without one of its terms."""
    left = [(each, meant) for each, meant in terms(wanted) if (each, meant) != (name, value)]
    return parse(" ".join(f"{each}={_quoted(meant)}" for each, meant in left))


def must_exist(cursor: Cursor, project: Project, wanted: PairFilter) -> PairFilter:
    """The filter itself, when everything that it names is there.

    Raises:
        InputError: A source, group, field, value, check, kind of flag, person or dimension is unknown; what there is
            is named.
    """
    if wanted.source is not None:
        _known("source", wanted.source, _values(cursor, project, "source", wanted.source))
    if wanted.group is not None:
        _known("group", wanted.group, _values(cursor, project, "group", wanted.group))
    for field, value in wanted.metadata.items():
        there = _values(cursor, project, f"metadata.{field}", value)
        if not there:
            _known("field of metadata", field, slices.fields(cursor, project.id))
        _known(f"metadata.{field}", value, there)
    for kind in (*wanted.checks, *wanted.without_checks):
        _known("check", kind, (ANY, *KINDS))
    if wanted.flagged is not None:
        kinds = {each.key for each in project.settings.taxonomy} | slices.flag_kinds(cursor, project.id)
        _known("kind of flag", wanted.flagged, (ANY, *sorted(kinds)))
    if wanted.annotator is not None:
        _known("person", wanted.annotator, [each.name for each in people.everyone(cursor)])
    for key in wanted.rated:
        _known("dimension", key, [each.key for each in project.settings.rubric])
    return wanted


def _tokens(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise InputError('A quotation mark of the filter is never closed. Write values with blanks as "...".') from None


def _listed(name: str, value: str) -> Iterable[str]:
    for each in value.split(","):
        if not each or (name == "state" and each not in STATES):
            known = f"There are: {', '.join(STATES)}." if name == "state" else "Name what a check finds."
            raise InputError(f"'{each}' is no {name.lstrip('-')} of a pair. {known}")
        yield each


def _single(name: str, value: str) -> tuple[str, Any]:
    if name in _PLAIN:
        return _PLAIN[name], value
    if name == "flags":
        if value != "resolved":
            raise InputError(f"flags={value} says nothing: write flags=resolved, or flag=KIND for pairs with a flag.")
        return "flags_resolved", True
    if name == "kind":
        if value not in _KINDS:
            raise InputError(f"'{value}' is no kind of pair. There are: {', '.join(_KINDS)}.")
        return "kind", value
    if name in ("since", "until"):
        return name, _time(name, value)
    raise InputError(f"Pairs cannot be chosen by '{name}'. There are: {', '.join(NAMES)}.")


def _once(said: Mapping[str, Any], key: str, name: str) -> None:
    if key in said:
        raise InputError(f"'{name}' stands twice in the filter, and both would have to hold. Name it once.")


def _scores(name: str, value: str) -> tuple[float, float]:
    low, dots, high = value.partition("..")
    try:
        found = float(low or 1), float(high or 5) if dots else float(low)
    except ValueError:
        found = 0.0, 0.0
    if not 1 <= found[0] <= found[1] <= 5:
        raise InputError(f"{name}={value} is no range of scores: write a score or LOW..HIGH, from 1 to 5.")
    return found


def _time(name: str, value: str) -> datetime:
    try:
        if len(value) > len("2026-11-30"):
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
        day = date.fromisoformat(value) + timedelta(days=name == "until")
    except (ValueError, OverflowError):
        raise InputError(f"{name}={value} is no time: write 2026-11-30 or 2026-11-30T14:00, in UTC.") from None
    return datetime.combine(day, time())


def _moment(moment: datetime) -> str:
    return f"{moment.date()}" if moment.time() == time() else moment.isoformat()


def _last_day(until: datetime) -> str:
    """The last day that is meant; the bound itself when it is not the end of a day."""
    if until.time() == time() and until.date() > date.min:
        return f"{until.date() - timedelta(days=1)}"
    return until.isoformat()


def _quoted(value: str) -> str:
    if value and not any(sign.isspace() or sign in "\"'\\" for sign in value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(name: str) -> str:
    """A field's name without the signs that have a meaning here."""
    return "".join(f"%{ord(sign):02X}" if sign in "%=\"'\\ \t\r\n" else sign for sign in name)


def _number(score: float) -> str:
    return f"{score:g}" if float(f"{score:g}") == score else repr(score)


def _values(cursor: Cursor, project: Project, field: str, value: str) -> Sequence[str]:
    """The commonest values of a slice, and `value` too where some pair has it."""
    found = [each.value for each in slices.values(cursor, project.id, field)]
    return [*found, value] if slices.has(cursor, project.id, field, value) else found


def _known(what: str, name: str, there: Sequence[str]) -> None:
    if name in there:
        return
    shown = ", ".join(there[:12]) + (", …" if len(there) > 12 else "")
    raise InputError(f"There is no {what} '{name}'. " + (f"There are: {shown}." if there else "There is none yet."))


def may_ask(person: Person, wanted: PairFilter) -> PairFilter:
    """The filter itself, when this person may ask so: who is no lead may not learn by it what others said.

    Raises:
        Forbidden: It asks for opinions, also those from another tool, flags, dates of decisions or gold pairs, and
            the person is no lead.
    """
    asks = (wanted.flagged, wanted.flags_resolved, wanted.annotator, wanted.rated, wanted.since, wanted.until)
    allowed = kept_back.fields(wanted.metadata, person)
    if (any(asks) or wanted.kind != "pair" or len(allowed) < len(wanted.metadata)) and not person.has("lead"):
        raise Forbidden("Only a lead chooses pairs by flags, scores, experts or dates: opinions stay somebody's own.")
    return wanted


def field_of(term: str) -> str:
    """The field that a term such as metadata.topic names."""
    return unquote(term.partition(".")[2])
