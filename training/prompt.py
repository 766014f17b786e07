"""The prompt: one template, one function, the same text at training, at generation and at serving.

A template is plain text with the placeholders {instruction} and {context}; every other brace is ordinary text.
An empty context takes its place with it: the line that holds {context}, the line above if that is a heading
(it starts with # or ends with a colon), and one of the blank lines between which the gap would stand. Where
{instruction} is on the same line, only the placeholder and the spaces before it go.
"""

import re

from hone.storage.errors import InputError

DEFAULT_TEMPLATE = """### Instruction:
{instruction}

### Context:
{context}

### Response:
"""

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ALLOWED = ("instruction", "context")


def check_template(template: str) -> str:
    """The template, unchanged.

    Raises:
        InputError: It lacks {instruction}, or holds a placeholder that is not {instruction} or {context}.
    """
    names = [match.group(1) for match in _PLACEHOLDER.finditer(template)]
    for name in names:
        if name not in _ALLOWED:
            raise InputError(
                f"The template holds {{{name}}}; only {{instruction}} and {{context}} are filled in. "
                "Rename the placeholder or write it without braces."
            )
    if "instruction" not in names:
        raise InputError("The template has no {instruction}; put it where the instruction belongs.")
    return template


def prompt_text(template: str, instruction: str, context: str) -> str:
    """What the model reads before it answers. Braces in the two texts are ordinary text.

    Args:
        template: Text with {instruction} and, if there are contexts, {context}.
        instruction: What is asked, kept as it is.
        context: What it is asked about, kept as it is; blank means that there is none.

    Raises:
        InputError: The template is not allowed (see `check_template`), or has no place for the context.
    """
    check_template(template)
    if not context.strip():
        template = _without_context(template)
    elif "{context}" not in template:
        raise InputError(
            "The pair has a context, but the template has no {context}, so the model would never see it. "
            "Add {context} to the template, or import the pairs without a context."
        )
    texts = {"instruction": instruction, "context": context}
    return _PLACEHOLDER.sub(lambda match: texts[match.group(1)], template)


def _without_context(template: str) -> str:
    lines = template.split("\n")
    kept: list[str] = []
    for index, line in enumerate(lines):
        if "{context}" not in line:
            kept.append(line)
        elif "{instruction}" in line:
            kept.append(re.sub(r" *\{context\}", "", line))
        else:
            if kept and _is_heading(kept[-1]):
                kept.pop()
            follows_blank = index + 1 < len(lines) and not lines[index + 1].strip()
            if follows_blank and kept and not kept[-1].strip():
                kept.pop()
    return "\n".join(kept)


def _is_heading(line: str) -> bool:
    text = line.strip()
    return "{" not in text and (text.startswith("#") or text.endswith(":"))
