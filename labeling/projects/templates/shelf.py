"""All templates, in the order in which they are offered."""

from hone.labeling.projects.templates import answering, classification, extraction, legal, medical, summarizing, support
from hone.labeling.projects.templates.template import Template
from hone.storage.errors import NotFound

TEMPLATES: tuple[Template, ...] = (
    summarizing.TEMPLATE,
    answering.TEMPLATE,
    support.TEMPLATE,
    extraction.TEMPLATE,
    classification.TEMPLATE,
    legal.TEMPLATE,
    medical.TEMPLATE,
)


def template(key: str) -> Template:
    """The template of this key, or NotFound with those that there are."""
    for each in TEMPLATES:
        if each.key == key:
            return each
    raise NotFound(f"There is no template '{key}'. There are: {', '.join(each.key for each in TEMPLATES)}.")
