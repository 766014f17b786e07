"""The example project: its people, what it asks of them, and where its files lie."""

from pathlib import Path

from hone.labeling.projects.defaults import default_settings
from hone.storage.people import ROLES, Role
from hone.storage.projects import ProjectSettings

NAME = "front-desk"
FILES = Path(__file__).with_name("example")
EXPERTS = {"ana": "Ana Keller", "ben": "Ben Osei", "chloe": "Chloé Martin"}
REVIEWERS = {"dora": "Dora Lindqvist", "emil": "Emil Novak"}
LEAD = ("lena", "Lena Hoffmann")

PURPOSE = (
    "The front desk of Tallow & Finch, a shop for household machines, hears from its customers by e-mail, telephone, "
    "chat, web form and letter. The model triages each message and says in one line who wrote and why."
)

GUIDELINES = """\
The front desk of Tallow & Finch answers every message in one of two forms. Approve a response when it could go to the
desk as it is. Correct small faults in the text itself. Reject a pair only when nothing in it can be saved.

Triage
  team: repairs, deliveries, billing, returns or advice; priority: high or low; product: the machine;
  reply: one or two sentences
  - High priority is for danger and for food or water that is being lost. Everything else is low.
  - The reply addresses the customer by first name and says one thing that we do next.

Who wrote and why
  From NAME by CHANNEL: the PRODUCT WHAT IS THE MATTER; wants WHAT.
  - One line. The reason stands in a few plain words, not in the customer's.

In both
  - Only what the message says, and what the desk does next. No discounts, and no promise beyond that next step.
  - No telephone numbers and no addresses: the desk has them.
  - Nothing about who the customer seems to be: age, origin, sex, faith, money. It does not matter here.
  - No advice on opening, wetting or bridging a machine. Danger means: unplug it, and we call.
  - No padding, no thanks for choosing us.
"""

# What the recorded opinions name; the kinds of flags are those of a new project.
CATEGORIES = ("factual error", "unsupported", "incomplete", "verbose", "tone", "format", "wrong language", "bias")


def people() -> dict[str, tuple[str, tuple[Role, ...]]]:
    """Name, full name and roles of everybody in the example. The lead has all roles, so that one visitor sees all."""
    experts: dict[str, tuple[str, tuple[Role, ...]]] = {name: (full, ("expert",)) for name, full in EXPERTS.items()}
    reviewers: dict[str, tuple[str, tuple[Role, ...]]] = {
        name: (full, ("reviewer",)) for name, full in REVIEWERS.items()
    }
    return {**experts, **reviewers, LEAD[0]: (LEAD[1], ROLES)}


def settings() -> ProjectSettings:
    """What the example project declares."""
    return default_settings(
        purpose=PURPOSE,
        guidelines=GUIDELINES,
        categories=CATEGORIES,
        overlap=2,
        agree=2,
        judges=2,
        fractions=(0.7, 0.1, 0.2),
        gate={"min_decisive": 20},
        training={"base": "toy", "preset": "toy"},
    )
