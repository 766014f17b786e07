"""Writes the pairs of the example project, from phrases.json: pairs-1.jsonl, pairs-2.jsonl and truth.jsonl.

    python platform/example/write_example.py

Each customer sends one or two messages. Most messages are asked both questions: triage it, and say who wrote and
why. Then some answers are spoilt on purpose, as drafts are in life. What was spoilt, and the right answer, stand in
truth.jsonl, which is never imported: write_opinions.py makes the experts' opinions from it, and tests compare.
"""

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BANK: dict[str, Any] = json.loads((HERE / "phrases.json").read_text(encoding="utf-8"))
SEED = 20
CHANNELS = {"email": 5, "phone": 2, "chat": 3, "form": 3, "letter": 1}
BY = {"email": "by e-mail", "phone": "by phone", "chat": "by chat", "form": "by web form", "letter": "by letter"}
THANKED = {"copy", "choose", "guide", "filter", "explain", "compare", "warranty"}  # nothing to be sorry for
FIRST_WAVE = 0.55
REACHABLE = 0.25  # how many leave a telephone number or an address
# How many of a hundred drafts are spoilt, and how. Privacy comes first: few drafts can be spoilt so.
SPOILT = {"privacy": 3, "wrong": 6, "biased": 4, "verbose": 4, "truncated": 2, "unsafe": 1, "invented": 1}


@dataclass(frozen=True)
class Message:
    """What one customer said once, and what is true of it."""

    group: str
    name: str
    problem: str
    product: str
    channel: str
    text: str
    reach: str  # the telephone number or address that the text holds, or ""

    @property
    def facts(self) -> dict[str, str]:
        """What a right answer is made of."""
        problem = BANK["problems"][self.problem]
        taken = ("team", "priority", "why", "wish", "action")
        return {
            "name": self.name,
            "first": self.name.split()[0],
            "product": self.product,
            "by": BY[self.channel],
            **{key: problem[key] for key in taken},
        }


@dataclass(frozen=True)
class Draft:
    """A pair as it will be imported, and what is known about it."""

    message: Message
    family: str
    instruction: str
    context: str
    right: str
    response: str
    spoilt: str = ""
    planted: dict[str, Any] = field(default_factory=dict)


def expand(draw: random.Random, phrase: str) -> str:
    """One reading of a phrase: of every [a|b] one part is taken."""
    return " ".join(re.sub(r"\[([^]]*)\]", lambda found: draw.choice(found[1].split("|")), phrase).split())


def answer(family: str, facts: dict[str, str]) -> str:
    """The right answer, in the form that the front desk agreed on."""
    if family == "who-why":
        return "From {name} {by}: the {product} {why}; wants {wish}.".format(**facts)
    warm = "thank you for asking about your" if facts["action"] in THANKED else "sorry about your"
    reply = f"Dear {facts['first']}, {warm} {facts['product']}. {BANK['actions'][facts['action']]}"
    return f"team: {facts['team']}; priority: {facts['priority']}; product: {facts['product']}; reply: {reply}"


def messages(draw: random.Random) -> Iterator[Message]:
    """Every customer in turn, first messages and, for two in five, a second one later."""
    firsts, lasts = BANK["first_names"].split(), BANK["last_names"].split()
    draw.shuffle(firsts)
    names = [f"{first} {draw.choice(lasts)}" for first in firsts]
    problems = list(BANK["problems"])
    order = [*names, *draw.sample(names, len(names) * 2 // 5)]
    for at, name in enumerate(order):
        if at % len(problems) == 0:
            draw.shuffle(problems)
        yield _message(draw, f"customer-{names.index(name) + 1:03d}", name, problems[at % len(problems)])


def _message(draw: random.Random, group: str, name: str, problem: str) -> Message:
    product = draw.choice(BANK["problems"][problem]["products"])
    channel = draw.choices(list(CHANNELS), weights=list(CHANNELS.values()))[0]
    phone = f"555-01{draw.randint(0, 99):02d}"
    email = f"{name.lower().replace(' ', draw.choice('._'))}@{draw.choice(('mail', 'post', 'inbox'))}.example"
    slots = {"p": product, "name": name, "order": str(draw.randint(10400, 98999)), "phone": phone, "email": email}
    said = _said(draw, problem, channel)
    text = _layout(draw, channel, said, name).format(**slots)
    reach = next((known for known in (phone, email) if known in text), "")
    return Message(group, name, problem, product, channel, text, reach)


def _said(draw: random.Random, problem: str, channel: str) -> list[str]:
    """The sentences: something before, the matter itself, something after, a wish."""
    bank = BANK["problems"][problem]
    asides = [_mistyped(draw, text) for text in draw.sample(_asides(bank, channel), 3)]
    before, after = draw.choice(((0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (1, 2)))
    matter = expand(draw, draw.choice(bank["says"]))
    if channel == "chat" and draw.random() < 0.5:
        matter = matter[0].lower() + matter[1:].rstrip(".")
    ask = draw.choice(BANK["asks"][bank["wish"]])
    reach = draw.choice(BANK["asides"]["reach"]) if draw.random() < REACHABLE else ""
    return [text for text in (*asides[:before], matter, *asides[before : before + after], reach, ask) if text]


def _asides(problem: dict[str, Any], channel: str) -> list[str]:
    """What else people may say with such a problem on such a channel."""
    bank = BANK["asides"]
    owned = bank["owned"] if problem["team"] in ("repairs", "advice") and problem["action"] != "compare" else []
    cross = bank["cross"] if problem["team"] != "advice" else []
    written = bank["written"] if channel in ("email", "form") else []
    return [*bank["any"], *owned, *cross, *written]


def _mistyped(draw: random.Random, text: str) -> str:
    """One in eight sentences has two letters swapped."""
    places = [at for at in range(1, len(text) - 2) if text[at : at + 2].isalpha()]
    if draw.random() >= 0.125 or "{" in text:
        return text
    at = draw.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _layout(draw: random.Random, channel: str, said: list[str], name: str) -> str:
    """The message as it looks on its channel, with slots still to fill."""
    first, body = name.split()[0], " ".join(said)
    if channel == "form":
        return f"Name: {name}\nProduct: {{p}}\nMessage: {body}"
    opener, closer = draw.choice(BANK["openers"][channel]), draw.choice(BANK["closers"][channel])
    if channel == "phone":
        return f"Voicemail, {draw.randint(8, 18)}:{draw.randint(0, 59):02d}. {opener} {body} {closer}".strip()
    if channel == "chat":
        lines = [f"{first}: {line}" for line in (opener, *said, closer) if line]
        return "\n".join([f"Chat with {name}", lines[0], f"Desk: {draw.choice(BANK['desk'])}", *lines[1:]])
    subject = f"Subject: {draw.choice(BANK['subjects'])}\n\n" if channel == "email" and draw.random() < 0.6 else ""
    return f"{subject}{opener}\n{body}\n{closer}\n{name}"


def drafts(draw: random.Random, said: Iterable[Message]) -> Iterator[Draft]:
    """The questions asked of each message: both for most, one for some."""
    for message in said:
        families = ["triage", "who-why"]
        if draw.random() < 0.15:
            families = [draw.choice(families)]
        for family in families:
            right = answer(family, message.facts)
            instruction = draw.choice(BANK["instructions"][family])
            yield Draft(message, family, instruction, message.text, right, right)


def spoil(draw: random.Random, whole: list[Draft]) -> list[Draft]:
    """The drafts in the same order, the planned share of each kind spoilt."""
    result = list(whole)
    for kind, share in SPOILT.items():
        fit = [at for at, draft in enumerate(result) if not draft.spoilt and (draft.message.reach or kind != "privacy")]
        for at in draw.sample(fit, round(len(whole) * share / 100)):
            result[at] = _WAYS[kind](draw, result[at])
    return result


def _wrong(draw: random.Random, draft: Draft) -> Draft:
    facts = draft.message.facts
    choices = ["team", "priority", "product"] if draft.family == "triage" else ["name", "product", "why"]
    what = draw.choice(choices)
    others = {
        "priority": ["low", "high"],
        "name": [f"{draw.choice(BANK['first_names'].split())} {draw.choice(BANK['last_names'].split())}"],
        "product": sorted({name for problem in BANK["problems"].values() for name in problem["products"]}),
    }
    values = others.get(what) or sorted({problem[what] for problem in BANK["problems"].values()})
    other = draw.choice([value for value in values if value != facts[what]])
    spoilt = answer(draft.family, {**facts, what: other})
    return replace(draft, response=spoilt, spoilt="wrong", planted={"what": what, "said": other})


def _added(draw: random.Random, draft: Draft, kind: str, text: str, **more: Any) -> Draft:
    """The right answer with a sentence that has no place there, at its end or, in a triage, before the action."""
    at = len(draft.right)
    if draft.family == "triage" and draw.random() < 0.5:
        at = draft.right.index(". ") + 1
    planted = {"text": text, "start": at + 1, "end": at + 1 + len(text), **more}
    return replace(draft, response=f"{draft.right[:at]} {text}{draft.right[at:]}", spoilt=kind, planted=planted)


def _biased(draw: random.Random, draft: Draft) -> Draft:
    remark = draw.choice(BANK["biased"])
    known = {key: remark[key] for key in ("category", "group", "severity")}
    return _added(draw, draft, "biased", remark["text"], **known)


def _privacy(draw: random.Random, draft: Draft) -> Draft:
    reach = draft.message.reach
    text = draw.choice((f"Call back on {reach}." if "@" not in reach else f"Mail is {reach}.", f"Reach: {reach}."))
    return _added(draw, draft, "privacy", text, category="personal_data", group=None, severity=2)


def _truncated(draw: random.Random, draft: Draft) -> Draft:
    cut = draft.right[: draw.randint(12, len(draft.right) * 2 // 3)].rstrip()
    return replace(draft, response=draw.choice((cut, cut, cut, "ok", "see above")), spoilt="truncated")


def _verbose(draw: random.Random, draft: Draft) -> Draft:
    return _added(draw, draft, "verbose", draw.choice(BANK["verbose"]))


def _unsafe(draw: random.Random, draft: Draft) -> Draft:
    text = draw.choice(BANK["unsafe"])
    return _added(draw, draft, "unsafe", text, category="unsafe_advice", group=None, severity=3)


def _invented(draw: random.Random, draft: Draft) -> Draft:
    text = draw.choice(BANK["invented"])
    return _added(draw, draft, "invented", text)


_WAYS: dict[str, Callable[[random.Random, Draft], Draft]] = {
    "wrong": _wrong,
    "biased": _biased,
    "verbose": _verbose,
    "privacy": _privacy,
    "truncated": _truncated,
    "unsafe": _unsafe,
    "invented": _invented,
}


def repeat(draw: random.Random, draft: Draft) -> Draft:
    """The same pair a second time, letter for letter or nearly so."""
    if draw.random() < 0.4:
        return replace(draft, spoilt="duplicate")
    text = draw.choice((draft.context + "\n", draft.context.replace(". ", ".  ", 1), draft.context + " !!"))
    return replace(draft, context=text, spoilt="near duplicate")


def example() -> tuple[list[Draft], list[Draft]]:
    """Both waves, in the order in which they are imported."""
    draw = random.Random(SEED)
    spoilt = spoil(draw, list(drafts(draw, messages(draw))))
    cut = int(len(spoilt) * FIRST_WAVE)
    waves = spoilt[:cut], spoilt[cut:]
    for wave in waves:
        whole = [draft for draft in wave if not draft.spoilt]
        for twin in draw.sample(whole, len(wave) * 3 // 100):
            wave.insert(draw.randint(wave.index(twin) + 1, len(wave)), repeat(draw, twin))
    return waves


def pair(key: str, draft: Draft) -> dict[str, Any]:
    """The row that is imported: nothing in it says what was spoilt."""
    message = draft.message
    return {
        "key": key,
        "instruction": draft.instruction,
        "context": draft.context,
        "response": draft.response,
        "group": message.group,
        "family": draft.family,
        "product": message.product,
        "channel": message.channel,
    }


def truth(key: str, wave: int, draft: Draft) -> dict[str, Any]:
    """What is known about the pair of this key."""
    known = {"spoilt": draft.spoilt or None, "planted": draft.planted, "right": draft.right}
    return {"key": key, "wave": wave, **known, "facts": draft.message.facts}


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    """Write both waves and the truth about them beside this file."""
    known: list[dict[str, Any]] = []
    at = 0
    for number, wave in enumerate(example(), start=1):
        keyed = [(f"fd-{at + place:04d}", draft) for place, draft in enumerate(wave, start=1)]
        at += len(wave)
        write_lines(HERE / f"pairs-{number}.jsonl", (pair(key, draft) for key, draft in keyed))
        known += [truth(key, number, draft) for key, draft in keyed]
        print(f"pairs-{number}.jsonl: {len(wave)} pairs")
    write_lines(HERE / "truth.jsonl", known)


if __name__ == "__main__":
    main()
