"""Fields taken out of a text, in a fixed form."""

from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.templates.template import TWO_AGREE, Template, prompt, scale

GUIDELINES = """\
# What the fields are for
A program reads them. A field that is missing is seen; a field that is wrong is believed.

# A good answer
- has exactly the fields of the instruction, in its order and form, and no word around them
- copies values as the text has them; dates, sums and names are changed only where the instruction says how
- leaves a field empty when the text does not give it; it never fills a gap with what is likely
- gives every occurrence when the instruction asks for all of them, each once

# List here, for each field
- its name and form, for example: due_date, YYYY-MM-DD
- what counts as it and what does not, with a line from a real text
- what stands there when the text gives nothing, or two values that differ

# Correct it, or reject the pair
- Correct values, names of fields, form. Check each value against the text: copy it, do not retype it.
- Reject when the text has none of what is asked for and the instruction does not say what to do then.
"""

RUBRIC = (
    scale(
        "precision",
        "Right values",
        "Is every value that it gives in the text, and the right one?",
        "Most values are wrong or invented.",
        "Several values are wrong.",
        "One value is wrong, or put into the wrong field.",
        "All values right; one is copied with a small slip (case, blank, unit).",
        "Every value is right to the letter.",
    ),
    scale(
        "recall",
        "Nothing missed",
        "Does it give all values that the text holds?",
        "Misses most of them.",
        "Misses several.",
        "Misses one that matters.",
        "Misses one of several mentions of the same value.",
        "Nothing is missed; empty fields are empty in the text, too.",
    ),
    scale(
        "form",
        "Form",
        "Can a program read it as it is?",
        "Cannot be read: prose, or a broken form.",
        "Readable after repair by hand.",
        "One field's name, order or form is off.",
        "Readable; superfluous blanks or words around it.",
        "Exactly the form of the instruction.",
    ),
)

TEMPLATE = Template(
    key="extraction",
    name="Extraction",
    says="Names, dates, sums and other fields are taken out of a text for a program.",
    purpose="Supplier, invoice number, date and total of each invoice, as JSON.",
    audience="Our ledger takes them in; accounting corrects what it refuses.",
    settings=default_settings(
        guidelines=GUIDELINES,
        rubric=RUBRIC,
        categories=("wrong value", "missed value", "invented value", "wrong field", "format", "spelling"),
        edit_reasons=("wrong value", "missed value", "invented value", "format", "spelling", "other"),
        template=prompt("Text", "Fields"),
        gate={
            "min_decisive": 30,
            "guards": [{"metric": "token_f1", "margin": 0.01}, {"metric": "exact_match", "margin": 0.01}],
            "thresholds": [{"metric": "token_f1", "at_least": 0.8}],
        },
    ),
    reasons=(
        TWO_AGREE,
        "Token F1 of 0.8 at least: below it about one word in five of the fields is wrong or missing, and checking by "
        "hand costs more than it saves. Neither token F1 nor exact match may fall by more than 0.01.",
    ),
)
