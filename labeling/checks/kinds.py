"""The kinds of things that checks find, each with the name, tone and explanation that a person reads.

Light on purpose: pages import it to draw chips, and it imports nothing that checks.
"""

from typing import Literal, TypeAlias

from hone.storage.records import Record

Tone: TypeAlias = Literal["", "unsure", "bad"]
Mend: TypeAlias = Literal["trim", "mask", "remove", "repair", "leave out"]


class Kind(Record):
    """A kind of finding.

    `tone` is how grave it is: "bad" should not be trained on as it stands, "unsure" wants a look, "" is a hint.
    `mend` is what a lead can have done about it, None when only an expert can see to it; `mends` says so in words.
    """

    key: str
    name: str
    tone: Tone
    about: str
    mend: Mend | None = None
    mends: str = ""


KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            key="duplicate",
            name="Duplicate",
            tone="bad",
            about="Word for word the same as an earlier pair, apart from case, spacing and punctuation.",
            mend="leave out",
            mends="Reject it as a duplicate. Its texts stay readable.",
        ),
        Kind(
            key="near_duplicate",
            name="Near-duplicate",
            tone="unsure",
            about="Shares at least four fifths of its phrases with an earlier pair.",
            mend="leave out",
            mends="Reject it as a duplicate. Its texts stay readable.",
        ),
        Kind(
            key="secret",
            name="Secret",
            tone="bad",
            about="Looks like a key, a token or a password that opens something.",
            mend="mask",
            mends="Write [secret] in its place.",
        ),
        Kind(
            key="personal_data",
            name="Personal data",
            tone="bad",
            about="An address, number or name by which a private person can be found.",
            mend="mask",
            mends="Write [e-mail], [phone], [card] and so on in its place.",
        ),
        Kind(
            key="toxic",
            name="Toxic words",
            tone="bad",
            about="A slur or a threat.",
        ),
        Kind(
            key="empty",
            name="Empty response",
            tone="unsure",
            about="There is no response, or nothing in it but signs or a stand-in such as N/A.",
        ),
        Kind(
            key="truncated",
            name="Cut off",
            tone="unsure",
            about="Ends in the middle of a sentence, or leaves a bracket or a code block open.",
        ),
        Kind(
            key="refusal",
            name="Refusal",
            tone="unsure",
            about="Declines to answer, or talks about being a language model.",
        ),
        Kind(
            key="mismatch",
            name="Not what was asked",
            tone="unsure",
            about="The instruction asks for a form, a length or a language that the response does not have.",
        ),
        Kind(
            key="repeated",
            name="Repeats itself",
            tone="unsure",
            about="The same sentence or phrase over and over.",
        ),
        Kind(
            key="language",
            name="Other language",
            tone="unsure",
            about="In another language than most pairs of the project.",
        ),
        Kind(
            key="garbled",
            name="Garbled letters",
            tone="bad",
            about="Letters that were read in the wrong encoding, as in cafÃ© for café.",
            mend="repair",
            mends="Put back the letters that were meant.",
        ),
        Kind(
            key="residue",
            name="Residue",
            tone="unsure",
            about="Page numbers, headers, citation marks or HTML that were copied along with the text.",
            mend="remove",
            mends="Take it out.",
        ),
        Kind(
            key="spelling",
            name="Spelling",
            tone="",
            about="An English word that no dictionary has and that hardly any other pair uses.",
        ),
        Kind(
            key="length",
            name="Unusual length",
            tone="",
            about="Much shorter or longer than the rest of the project.",
        ),
        Kind(
            key="spacing",
            name="Stray blanks",
            tone="",
            about="Blanks or empty lines at the ends, or several empty lines in a row.",
            mend="trim",
            mends="Trim them.",
        ),
    )
}
