"""What the toy base reads: short mails, each with the note that a clerk wrote on it, and some English prose.

The mails are of our own writing, put together from phrases. What they teach is to read a message, to take
names, things and reasons from it, and to end. The prose is the language manual that ships with every CPython.
No task of the example project occurs here: neither its instructions nor the form of its answers.
"""

import random
import re
from dataclasses import dataclass

END = "<|end|>"
PAD = "<|pad|>"


def _phrases(text: str) -> list[str]:
    """What stands between the bars. Nothing between two bars is a phrase too: nothing is said."""
    return [" ".join(phrase.split()) for phrase in text.split("|")]


_SYLLABLES = _phrases(
    """ba|be|bi|bo|bra|bre|cal|car|cas|co|cor|da|de|dan|del|do|dra|e|el|en|fa|fe|fen|fi|fin|ga|gar|gi|gra|ha|hal
    |han|he|hol|i|in|is|jo|ju|ka|kel|ki|ko|la|le|len|li|lin|lo|lu|ma|mar|me|mi|mo|na|ne|nel|ni|no|o|ol|or|pa|pe
    |per|pi|ra|re|ri|ro|ros|sa|se|sel|si|so|sta|ste|ta|te|ti|to|tre|u|va|ve|vi|vo|wa|we|wen|wi|ya|za|ze"""
)
_ENDINGS = _phrases(
    """a|an|ard|as|by|ck|da|e|el|en|er|ert|es|ey|ia|iel|in|is|ith|ker|la|le|ley|lin|ma|man|mer|na|ne|ner|o|on
    |ra|rd|ron|rt|s|sen|son|ston|ta|th|ton|us|y"""
)
_THINGS = {
    "shop": _phrases(
        """toaster|kettle|fridge|freezer|dishwasher|washing machine|tumble dryer|oven|hob|microwave|blender
        |mixer|juicer|iron|vacuum cleaner|coffee machine|fan|heater|air fryer|bread maker|slow cooker|hood"""
    ),
    "library": _phrases(
        "book|atlas|dictionary|novel|map|magazine|recording|reading room|locker|card|printer|scanner"
    ),
    "travel": _phrases("ticket|train|coach|ferry|seat|booking|suitcase|passport|cabin|timetable|refund form"),
    "office": _phrases("badge|desk|laptop|screen|parking space|contract|invoice|door|meeting room|phone"),
}
_REASONS = {
    "shop": _phrases(
        """does not switch on|leaks on the floor|makes a loud noise|came with a cracked lid|smells of burning
        |gives off sparks at the plug|was left with the wrong neighbour|never arrived|has a scratched door
        |is too big for our kitchen|was charged twice|stops after a minute|trips the fuse|no longer heats
        |shows an error code|needs a new filter|is missing a screw|drips from below|smoked last night
        |has not been delivered|costs more than on the web page|was sent in the wrong colour
        |needs cleaning and I do not know how|rattles like a train|was never refunded|is not what I ordered"""
    ),
    "library": _phrases(
        """is overdue|was lent to someone else|has a torn page|cannot be found on the shelf|is out of order
        |was returned last week|should be renewed|is closed on Monday|prints only blank sheets"""
    ),
    "travel": _phrases(
        """was cancelled|is delayed by two hours|was lost on the way|was booked for the wrong day
        |is not valid any more|shows the wrong name|has no window|was paid for twice"""
    ),
    "office": _phrases(
        """does not open|is locked|was taken by a visitor|ends next month|has the wrong address|flickers
        |needs a signature|is too near the window|was not renewed"""
    ),
}
_WISHES = _phrases(
    """a repair|a refund|a new one|a call back|an appointment|advice|a spare part|an answer today|a receipt
    |the money back|a date|an exchange|a visit this week|help at once|a list of prices|a copy of the bill
    |somebody to look at it"""
)
_SINCE = _phrases("since yesterday|since Monday|since last week|for three days|since the move|again|")
_GREETINGS = _phrases(
    """Hello,|Hi there,|Dear all,|Good morning,|Good afternoon,|To whom it may concern,|Hi,|Hello team,
    |Dear desk,|"""
)
_CLOSINGS = _phrases(
    """Regards,|Kind regards,|Thanks,|Thank you,|Many thanks,|Best wishes,|Yours,|Cheers,|Yours faithfully,
    |Bye,|"""
)
_ASIDES = _phrases(
    """I have the bill here.|We bought it in spring.|My neighbour says that this is normal.|Please be quick.
    |I wrote before and had no answer.|It was a present.|I am at home after five.|The children are not amused.
    |I do not want to complain, but this is the second time.|You can reach me in the evening.|Take your time.
    |We liked it very much until now.|I am not angry, only tired of it.|There is water everywhere.
    |I pulled the plug.|It is not urgent.|I paid by card.|My number is on the form.|Nobody picks up the phone.
    |I looked in the manual and found nothing.|I am worried about the children."""
)
_CHANNELS = _phrases("mail|letter|call|form|chat")
_ASKS = _phrases(
    "Can I have {wish}?|I would like {wish}.|Please send me {wish}.|I need {wish}.|What I want is {wish}.|"
)
_ASKS_OTHER = _phrases("Wants {wish}.|Asks for {wish}.|Would like {wish}, please.|Hopes for {wish}.|")
_MAILS = (
    "{greet}\n\nmy {thing} {reason} {since}. {aside} {ask}\n\n{close}\n{name}",
    "{greet}\nI am writing about the {thing}: it {reason}. {aside} {aside2} {ask}\n{close} {name}",
    "Subject: {thing}\n\n{greet}\nthe {thing} {reason} {since}. {ask} {aside}\n{close}\n{name}",
    "{name} called at {hour}. The {thing} {reason} {since}. {aside} {ask_other}",
    "Call at {hour}, {name}: {thing} {reason}. {ask_other}",
    "Name: {name}\nAbout: {thing}\nMessage: it {reason} {since}. {ask} {aside}",
    "From: {name}\n\n{aside} Our {thing} {reason} {since}. {aside2} {ask}",
    "{first}: hi, my name is {name}\n{first}: the {thing} {reason}\nDesk: oh dear. {since}?\n{first}: {ask}",
    "This is {name}. {aside} The {thing} {reason}. {ask}",
)
_NOTES = (
    "Note: {name} wrote about the {thing}. It {reason}. We owe {first} {wish}.",
    "Note: the {thing} of {name} {reason}. Wants {wish}.",
    "Note for the file. Customer: {name}. Thing: {thing}. Trouble: {reason}.",
    "Note: a {channel} from {name}. The {thing} {reason}.",
    "Note: I answered {first} about the {thing} and promised {wish}.",
    "Note: told {name} that we look at the {thing}, for it {reason}.",
    "Note | {thing} | {name} | {reason} | {wish}",
    "Note: who: {name}, what: {thing}, why: {reason}, wish: {wish}.",
    "Note: {thing}: {reason}. Called {first} back. Hello {first}, we are sorry to hear it.",
    "Note: wrote to {first}. Dear {name}, thank you for your {channel} about the {thing}.",
)
_GAPS = re.compile(r" +([.?\n ])")  # what a phrase leaves behind that says nothing


@dataclass(frozen=True)
class Document:
    """One text of the corpus: what is only given (may be empty), and the note that follows it."""

    given: str
    note: str


def corpus(seed: int, mails: int) -> list[Document]:
    """`mails` mails and about a sixth as many pieces of prose, shuffled; equal for equal seed and Python."""
    draw = random.Random(seed)
    texts = [mail(draw) for _ in range(mails)]
    pieces = prose()
    texts += draw.sample(pieces, min(len(pieces), mails // 6))
    draw.shuffle(texts)
    return texts


def mail(draw: random.Random) -> Document:
    """One message with the clerk's note on it. Names are put together from syllables: they must be copied."""
    field = draw.choices(list(_THINGS), weights=(6, 1, 1, 1))[0]
    first = _name(draw, draw.choice((1, 1, 2)))
    wish = draw.choice(_WISHES)
    words = {
        "first": first,
        "name": f"{first} {_name(draw, draw.choice((1, 2)))}",
        "thing": _thing(draw, field),
        "reason": draw.choice(_REASONS[field]),
        "since": draw.choice(_SINCE),
        "greet": draw.choice(_GREETINGS),
        "close": draw.choice(_CLOSINGS),
        "aside": draw.choice(_ASIDES),
        "aside2": draw.choice(_ASIDES),
        "wish": wish,
        "ask": draw.choice(_ASKS).format(wish=wish),
        "ask_other": draw.choice(_ASKS_OTHER).format(wish=wish),
        "hour": f"{draw.randint(8, 18)}:{draw.randint(0, 59):02d}",
        "channel": draw.choice(_CHANNELS),
    }
    given = _GAPS.sub(r"\1", draw.choice(_MAILS).format(**words)).strip()
    return Document(given, draw.choice(_NOTES).format(**words))


def prose(width: int = 280) -> list[Document]:
    """The manual's paragraphs, joined until they have about `width` characters."""
    from pydoc_data.topics import topics

    found: list[Document] = []
    text = ""
    for topic in sorted(topics):
        for paragraph in topics[topic].split("\n\n"):
            text = f"{text}\n\n{' '.join(paragraph.split())}".strip()
            if len(text) >= width:
                found.append(Document("", text[: 2 * width]))
                text = ""
    return found


def _name(draw: random.Random, syllables: int) -> str:
    parts = [draw.choice(_SYLLABLES) for _ in range(syllables)]
    return ("".join(parts) + draw.choice(_ENDINGS)).capitalize()


def _thing(draw: random.Random, field: str) -> str:
    thing = draw.choice(_THINGS[field])
    return f"{_name(draw, 1)} {thing}" if draw.random() < 0.15 else thing
