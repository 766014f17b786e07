"""What the toy base reads: short mails, each with the note that a clerk wrote on it, lists, and some English prose.

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
    |per|pi|qui|ra|re|ri|ro|ros|sa|se|sel|si|so|sta|ste|ta|te|ti|to|tre|u|va|ve|vi|vo|wa|we|wen|wi|xe|ya|za|ze"""
)
_ENDINGS = _phrases(
    """a|an|ard|as|by|ck|da|e|el|en|er|ert|es|ey|ia|iel|in|is|ith|ker|la|le|ley|lin|ma|man|mer|na|ne|ner|o|on
    |ra|rd|ron|rt|s|sen|son|ston|ta|th|ton|us|y"""
)
_FIRST_NAMES = _phrases(
    """Ada|Aino|Alba|Alma|Amina|Anders|Anouk|Arlo|Asta|Benno|Birgit|Bodil|Bram|Britta|Bruno|Calla|Carlo
    |Cecily|Celia|Chidi|Clara|Cora|Dagny|Dario|Delia|Dmitri|Edda|Edith|Efua|Eleni|Elin|Elio|Emeka|Enzo
    |Erik|Esme|Esra|Ewan|Farah|Felix|Femi|Fergus|Fiona|Flora|Freja|Gemma|Gero|Gita|Greta|Gwen|Hamid
    |Hanna|Harald|Hedda|Heike|Hilde|Hugo|Ida|Ilse|Imani|Ines|Ingrid|Iris|Isak|Ivo|Jana|Jasper|Joana
    |Jonas|Joris|Judit|Jules|Kaito|Kamal|Karin|Katya|Keziah|Kirsten|Klara|Lars|Laszlo|Leila|Lena|Leon
    |Levi|Lina|Lotte|Lucia|Ludo|Magda|Malik|Maren|Marta|Matteo|Meera|Mika|Milan|Mina|Mirja|Nadia|Naomi
    |Nell|Nico|Nils|Noor|Odile|Olga|Oskar|Otto|Paolo|Petra|Pia|Piotr|Priya|Quentin|Rafael|Rania|Remy
    |Rhona|Rosa|Ruben|Runa|Sadia|Sami|Sanne|Selma|Senna|Silas|Sonja|Stella|Sunniva|Tariq|Tessa|Theo
    |Tilda|Tomas|Tova|Ulla|Umar|Vera|Viggo|Wanda|Willem|Xenia|Yara|Yusuf|Zadie|Zora|Zuzana"""
)
_LAST_NAMES = _phrases(
    """Abara|Adler|Ahlgren|Alder|Amsel|Anand|Arden|Ashby|Baird|Banerji|Barley|Bellman|Birk|Bloom|Bramley
    |Brandt|Calloway|Carver|Castell|Chandra|Cole|Corbin|Costa|Crane|Dahl|Dallimore|Danso|Darby|Diaz
    |Drake|Dunmore|Eastby|Ekholm|Elver|Ember|Faber|Falk|Fennel|Finlay|Fontaine|Foster|Frost|Galloway
    |Garner|Gilden|Glover|Grant|Greve|Hale|Halloran|Harker|Hartwell|Hazel|Heron|Holm|Hooper|Hughes
    |Ibarra|Iqbal|Jansen|Jarvis|Kaplan|Keller|Kemp|Khan|Kimura|Kovac|Lachlan|Lang|Larch|Lindgren|Lomax
    |Lund|Mabey|Mallory|Marlow|Mbeki|Mercer|Moreau|Morley|Moss|Nagy|Nakata|Napier|Nash|Norling|Novak
    |Oakley|Okafor|Olander|Orchard|Osei|Ostrow|Palmer|Park|Penrose|Perrin|Pike|Quill|Radley|Rahman
    |Ramsey|Reyes|Ridley|Romero|Rowan|Sandoval|Sato|Sedge|Shaw|Silva|Sorel|Stark|Sterling|Sutter|Tamm
    |Tanner|Teague|Thorne|Tolman|Torres|Udall|Vance|Varga|Vega|Vinter|Walsh|Warde|Weaver|Wells|Whitlock
    |Winter|Wolfe|Yarrow|Yates|Zeller"""
)
_THINGS = _phrases(
    """toaster|kettle|fridge|freezer|dishwasher|washing machine|tumble dryer|oven|hob|microwave|blender|mixer|juicer
    |iron|vacuum cleaner|coffee machine|fan|heater|air fryer|bread maker|slow cooker|lamp|radio|printer|bicycle"""
)
# How people put it, after "the thing"; below that what a clerk calls it, whose work it is, and what was done about it.
_MATTERS = """
smoked last night|gives off smoke|began to smoke|is full of smoke
    gives off smoke|repairs|please unplug it now, a technician calls today
sparks at the plug|gave sparks|shows sparks when I plug it in
    sparks at the plug|repairs|please unplug it now, a technician calls you today
leaks on the floor|is leaking|drips water|loses water from below
    leaks water|repairs|please turn off the water, a technician comes today
trips the fuse|blows the fuse|makes the fuse go
    trips the fuse|repairs|please unplug it now, a technician calls you
does not switch on|cannot be switched on|will not switch on at all
    does not switch on|repairs|a technician will visit you this week
makes a noise|is noisy|has a strange noise inside
    makes a loud noise|repairs|a technician will visit this week
does not heat|stays cold|gives no heat any more|has not heated
    does not heat|repairs|a technician will visit you this week
does not cool|stopped cooling|is too warm for the food|does not cool the milk
    does not cool|repairs|please keep the door shut, a technician comes tomorrow
shows an error|says error E4|blinks an error code
    shows an error code|repairs|a technician will visit
has a door that does not close|has a broken door|lost its door handle
    has a broken door|repairs|a technician will visit you and mend it
has not arrived|never arrived|should have arrived on Monday|is still not here
    has not arrived|deliveries|we are tracing the parcel and will write tomorrow
went to the wrong address|was left at the wrong address
    went to the wrong address|deliveries|we are tracing the parcel and will write
did not come, twice now|was not brought by the driver a second time
    was missed twice by the driver|deliveries|our driver comes tomorrow before noon
should come on another day|cannot come that day|needs another day
    needs another delivery day|deliveries|please choose a new day with the link
was charged twice|was charged two times|is twice on my card
    was charged twice|billing|we pay the second charge back today
has the wrong price on the bill|costs more on the bill|was billed too high a price
    was billed at the wrong price|billing|we are checking the bill and will correct it
went back and the refund is missing|was sent back, no refund|was not refunded
    was never refunded|billing|we pay the refund out today
needs a copy of the bill|has no bill any more|is one whose bill I lost
    needs a copy of the bill|billing|a copy of the bill is on its way
arrived damaged|has a crack|came with a dent|was damaged in its box
    arrived damaged|returns|we will collect it and bring a new one
is the wrong model|is not the model I ordered|is another model
    is the wrong model|returns|we will collect it and bring the right one
does not fit|will not fit through the door|is too big to fit
    does not fit|returns|it can be sent back free of charge
is not wanted any more|should go back, for I do not want it|is unused, we changed our minds
    is not wanted any more|returns|you can send it back free of charge
came without a part|has a part missing|came without its lid
    came without a part|returns|we post the missing part today
should be cleaned, but how|must be cleaned|smells, what is the best way of cleaning
    needs cleaning|advice|our cleaning guide is on its way
needs a new filter|wants a filter, which one|takes a filter that I cannot find
    needs a filter|advice|we will tell you the right filter tomorrow
has settings that I do not understand|has a setting with a star|has too many settings
    needs explaining|advice|we will call you and explain it
is hard to choose|is one I would like to buy, which one|should be new, help me to choose
    has to be chosen|advice|we will send you three models to compare
may be under warranty|is it under warranty|has a warranty, for how long
    has a warranty question|advice|we are checking the warranty
""".strip("\n").split("\n")
_WISHES = _phrases(
    """a repair|a refund|a new one|a call back|an appointment|advice|a spare part|an answer today|a receipt|a copy
    |the money back|a date|an exchange|a visit this week|help at once|a new bill|somebody to look at it|the part"""
)
_SINCE = _phrases("since yesterday|since Monday|since last week|for three days|since the move|again||||")
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
    |We liked it very much until now.|I am not angry, only tired of it.|There is water everywhere.|||
    |I pulled the plug.|It is not urgent.|I paid by card.|My number is on the form.|Nobody picks up the phone.
    |I looked in the manual and found nothing.|I am worried about the children.|I paid the full price for it."""
)
_ASKS = _phrases("Can I have {wish}?|I would like {wish}.|Please send me {wish}.|I need {wish}.|I want {wish}.")
_MAILS = (
    ("by e-mail", "Subject: {thing}\n\n{greet}\nthe {thing} {said} {since}. {ask} {aside}\n{close}\n{name}"),
    ("by e-mail", "From: {name}\n\n{aside} Our {thing} {said} {since}. {aside2} {ask}"),
    ("by e-mail", "{greet}\nI am writing about the {thing}: it {said}. {aside} {ask}\n{close} {name}"),
    ("by letter", "Dear Sir or Madam,\n\nmy {thing} {said} {since}. {aside} {ask}\n\n{close}\n{name}"),
    ("by phone", "Call at {hour}. Hello, this is {name}. {aside} The {thing} {said}. {ask}"),
    ("by phone", "Call, {hour}: my name is {name}. My {thing} {said} {since}. {ask} {aside}"),
    ("by form", "Name: {name}\nAbout: {thing}\nMessage: it {said} {since}. {ask} {aside}"),
    ("by chat", "{first}: hi, {name} here\n{first}: the {thing} {said}\nDesk: oh dear.\n{first}: {ask}"),
    ("by chat", "Chat, {name}\n{first}: hello\nDesk: hello\n{first}: my {thing} {said}. {aside}\n{first}: {ask}"),
)
_NOTES = (
    "Note: {name} wrote {by} about the {thing}. It {reason}. Asks for {wish}.",
    "Note: the {thing} of {name} {reason}. Wants {wish}. Handed to {team}.",
    "Note for {team}. Customer: {name}. Thing: {thing}. Trouble: {reason}.",
    "Note: {by}, {name}. The {thing} {reason}; this is for {team}.",
    "Note: told {first} about the {thing}, which {reason}: {done}.",
    "Note: {team}, for the {thing} {reason}. {done}. {first} knows.",
    "Note: {reason}, so {done}. Customer {name}, {thing}, {team}.",
    "Note: wrote to {name}, for the {thing} {reason}: {done}.",
    "Note | {thing} | {name} | {reason} | {wish} | {team}",
    "Note: who: {name}, what: {thing}, why: {reason}, wish: {wish}, how: {by}.",
    "Note: {team}. Dear {first}, thank you for telling us that the {thing} {reason}. {done}",
    "Note: answered {first}, sorry about the {thing}. {done}. That is for {team}.",
)
_LISTS = ("On the list: {0}.", "{1}", "Please read this back to me: {0}", "Expected today:\n{1}")
_COPIES = ("Note: the list reads {0}.", "Note: {0}.", "Note: I read back {0}.")
_GAPS = re.compile(r" +([.?\n ])")  # what a phrase leaves behind that says nothing


@dataclass(frozen=True)
class Document:
    """One text of the corpus: what is only given (may be empty), and the note that follows it."""

    given: str
    note: str


def corpus(seed: int, mails: int) -> list[Document]:
    """`mails` mails, an eighth as many lists, some prose, shuffled; equal for equal seed and Python."""
    draw = random.Random(seed)
    texts = [mail(draw) for _ in range(mails)] + [roster(draw) for _ in range(mails // 8)]
    pieces = prose()
    texts += draw.sample(pieces, min(len(pieces), mails // 20))
    draw.shuffle(texts)
    return texts


def mail(draw: random.Random) -> Document:
    """One message with the clerk's note on it. Names are put together from syllables: they must be copied."""
    name = _person(draw)
    matter = 2 * draw.randrange(len(_MATTERS) // 2)
    said, (reason, team, done) = _phrases(_MATTERS[matter]), _phrases(_MATTERS[matter + 1])
    by, layout = draw.choice(_MAILS)
    wish = draw.choice(_WISHES)
    words = {
        "first": name.split()[0],
        "name": name,
        "thing": _thing(draw),
        "said": draw.choice(said),
        "reason": reason,
        "team": team,
        "done": done,
        "by": by,
        "since": draw.choice(_SINCE),
        "greet": draw.choice(_GREETINGS),
        "close": draw.choice(_CLOSINGS),
        "aside": draw.choice(_ASIDES),
        "aside2": draw.choice(_ASIDES),
        "wish": wish,
        "ask": draw.choice(_ASKS).format(wish=wish),
        "hour": f"{draw.randint(8, 18)}:{draw.randint(0, 59):02d}",
    }
    given = _GAPS.sub(r"\1", layout.format(**words)).strip()
    return Document(f"\n{given}", draw.choice(_NOTES).format(**words))


def roster(draw: random.Random) -> Document:
    """A list that the clerk copies. Nothing else teaches copying as fast."""
    some = [draw.choice((_person, _thing))(draw) for _ in range(draw.randint(3, 6))]
    given = draw.choice(_LISTS).format(", ".join(some), "\n".join(some))
    return Document(f"\n{given}", draw.choice(_COPIES).format(", ".join(some)))


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


def _person(draw: random.Random) -> str:
    if draw.random() < 0.06:
        return f"{_name(draw, draw.choice((1, 1, 2)))} {_name(draw, draw.choice((1, 2)))}"
    return f"{draw.choice(_FIRST_NAMES)} {draw.choice(_LAST_NAMES)}"


def _name(draw: random.Random, syllables: int) -> str:
    parts = [draw.choice(_SYLLABLES) for _ in range(syllables)]
    return ("".join(parts) + draw.choice(_ENDINGS)).capitalize()


def _thing(draw: random.Random) -> str:
    thing = draw.choice(_THINGS)
    return f"{_name(draw, 1)} {thing}" if draw.random() < 0.04 else thing
