"""Replies to customers."""

from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.taxonomy import TAXONOMY
from hone.labeling.projects.templates.template import TWO_AGREE, WORDS_DIFFER, Template, prompt, scale
from hone.storage.projects import FlagCategory

GUIDELINES = """\
# What a reply is for
A customer has a problem. After the reply they know what happens next, and who does it.

# A good reply
- shows that the message was read: it names the product and the problem
- says what we do next, or what the customer is to do, as steps that can be followed
- promises only what our rules allow; where a colleague must decide, it says so
- sounds like a helpful person: short sentences, no blame, no flattery, one apology at most

# Never
- a refund, discount, date or exception that the rules do not give
- another customer's data, or a request for a password or a card number
- blame for the customer, or for a colleague

# Correct it, or reject the pair
- Correct the facts, the next step, then the tone. Do not rewrite what is good enough to send.
- Reject when the message is spam, or belongs to another team.
"""

RUBRIC = (
    scale(
        "accuracy",
        "Accuracy",
        "Is what it says about product, order and rules right?",
        "Wrong about the matter, or promises what we do not do.",
        "The matter is right; several facts or steps are wrong.",
        "One fact, step or date is wrong or invented.",
        "Right throughout; one statement is imprecise.",
        "Every statement is right and within our rules.",
    ),
    scale(
        "resolution",
        "Resolution",
        "Does the customer know what happens next?",
        "Does not touch the problem.",
        "Understands the problem; no usable next step.",
        "A next step, but the customer will have to write again.",
        "Solves it or says who will; a detail is missing.",
        "Solves it in one reply, or says who does what by when.",
    ),
    scale(
        "tone",
        "Tone",
        "Does it sound like us: kind, plain, without blame?",
        "Rude, cold or mocking.",
        "Stiff, preachy, or blames the customer.",
        "Acceptable; a sentence or two are stock phrases.",
        "Kind and plain; one word could be better.",
        "As our best colleague would write to this customer.",
    ),
    scale(
        "brevity",
        "Brevity",
        "Is it as short as the matter allows?",
        "Too long to be read, or one line where help was needed.",
        "Half of it could go.",
        "A paragraph could go.",
        "A sentence could go.",
        "Nothing could go.",
    ),
)

FLAGS = (
    FlagCategory(
        key="promise",
        name="Promise beyond the rules",
        definition="Offers or promises what the company has not allowed: money, a date, an exception.",
        examples=(
            "“We will send a new one today, free of charge.” The warranty has ended.",
            "“You will have it by Friday.” Nobody knows that yet.",
        ),
    ),
    FlagCategory(
        key="secret_asked",
        name="Asks for a secret",
        definition="Asks the customer for a password, a full card number or a code that we must never ask for.",
        examples=(
            "“Please send us your password so that we can check.”",
            "“Reply with the number and the code on the back of your card.”",
        ),
    ),
)

TEMPLATE = Template(
    key="support",
    name="Support replies",
    says="Customers write; a reply helps them and keeps to the rules.",
    purpose="First replies to customers of our shop by e-mail: kind, short, with one clear next step.",
    audience="Customers read them; a colleague presses send.",
    settings=default_settings(
        guidelines=GUIDELINES,
        rubric=RUBRIC,
        taxonomy=(*TAXONOMY, *FLAGS),
        template=prompt("Message", "Reply"),
        gate={"min_decisive": 30},
    ),
    reasons=(TWO_AGREE, WORDS_DIFFER),
)
