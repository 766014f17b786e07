"""What was copied along with a text: page numbers, running headers, citation marks, HTML, a model's control words."""

import re
from collections.abc import Iterator
from html import unescape

from hone.labeling.checks.found import Found, Norms, Texts, shown
from hone.storage.reviews import Field

_PAGE = re.compile(
    r"^[ \t]*(?:(?:page|seite|página|pagina) \d{1,4}(?: ?(?:of|von|de|di|/) ?\d{1,4})?|[-–] ?\d{1,4} ?[-–])[ "
    r"\t]*(?:\n|\Z)"
    r"|(?<![ \t])[ \t]*\bPage \d{1,4} of \d{1,4}\b\.?",
    re.IGNORECASE | re.MULTILINE,
)
_FOOTER = re.compile(
    r"^[ \t]*(?:(?:©|\(c\)|copyright)[^\n]{0,20}\b(?:19|20)\d\d\b[^\n]{0,60}|[^\n.]{0,60}\ball rights "
    r"reserved\b[^\n]{0,20}"
    r"|downloaded from [^\n]{3,80}|(?:strictly )?confidential(?: and proprietary)?|table of contents"
    r"|click here to [^\n]{3,60}|skip to (?:main )?content|cookie settings)[ \t]*\.?(?:\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_CITATION = re.compile(r"(?<=[\w.,;:!?)\"”’%])[ ]?\[(\d{1,3}(?: ?[,–-] ?\d{1,3})*)\](?!\()")
_TAG = re.compile(
    r"</?(?:p|br|hr|div|span|b|i|u|a|td|th|tr|table|tbody|font|ul|ol|li|h[1-6]|em|strong|img|sup|sub|blockquote)"
    r"(?:\s[^<>\n]{0,200})?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(
    r"&(?:nbsp|amp|lt|gt|quot|apos|[lr]dquo|[lr]squo|[nm]dash|hellip|eacute|[aou]uml|szlig|#\d{2,5}|#x[\da-f]{2,5});",
    re.I,
)
_CONTROL = re.compile(
    r"<\|(?:im_start|im_end|endoftext|eot_id|assistant|user|system)\|>(?:assistant\n?)?|\[/?INST\]|<</?SYS>>|</?s>"
    r"|\A\s*(?:### ?(?:Response|Answer|Assistant):|(?:Assistant|AI|Chatbot|GPT|ChatGPT):)[ \t]*\n?"
)
_CODE = re.compile(
    r"```|\b(?:html|xml|code|tags?|markdown|javascript|python|css|citations?|cite|references?|sources?)\b", re.I
)


def find(texts: Texts, _: Norms) -> Iterator[Found]:
    """Each piece of residue, with what would stand there. In code and where HTML is asked for, nothing is one."""
    technical = bool(_CODE.search(texts.instruction) or "```" in texts.response)
    for field, text in texts.fields():
        if field != "instruction":
            yield from _lines(field, text)
        if not technical:
            yield from _marks(field, text)
    if not technical:
        yield from _citations(texts)
    for found in _CONTROL.finditer(texts.response):
        says = f"{shown(found[0])} belongs to the format of a chat, not to the answer."
        yield Found("residue", "response", *found.span(), says, "")


def _lines(field: Field, text: str) -> Iterator[Found]:
    for found in _PAGE.finditer(text):
        if found.end() - found.start() < len(text.strip()):  # a page number may be the answer
            yield Found("residue", field, *found.span(), f"{shown(found[0])} is a page number.", "")
    for found in _FOOTER.finditer(text):
        if len(found[0].strip()) < len(text.strip()) // 2:
            yield Found("residue", field, *found.span(), f"{shown(found[0])} is a header or footer.", "")


def _marks(field: Field, text: str) -> Iterator[Found]:
    if "<" in text and "</" + "html" not in text:
        for found in _TAG.finditer(text):
            stands = "\n" if re.match(r"<br|</p|</li|</div|</h", found[0], re.I) else ""
            yield Found("residue", field, *found.span(), f"{shown(found[0])} is left over from HTML.", stands)
    if "&" in text:
        for found in _ENTITY.finditer(text):
            meant = unescape(found[0]).replace("\u00a0", " ")
            yield Found("residue", field, *found.span(), f"{shown(found[0])} is left over from HTML.", meant)


def _citations(texts: Texts) -> Iterator[Found]:
    said, given = texts.response, f"{texts.instruction} {texts.context}"
    if "[" not in said or re.search(r"[{}`=]|;\n|\w\(\)", said):
        return  # an index of a program
    for found in _CITATION.finditer(said):
        if f"[{found[1]}]" not in given:  # what the context numbers may be cited
            yield Found("residue", "response", *found.span(), f"{shown(found[0])} cites a list that is not there.", "")
