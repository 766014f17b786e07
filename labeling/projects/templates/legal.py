"""Legal texts in plain words, and answers about them."""

from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.taxonomy import BIAS, SAFETY
from hone.labeling.projects.templates.template import WORDS_DIFFER, Template, prompt, scale
from hone.storage.projects import FlagCategory, Question

GUIDELINES = """\
# Scope
- Jurisdiction and area of law: write them here, with the date up to which the law is to be taken.
- The reader: write here whether it is a client, a consumer or a lawyer. Plain words for the first two.
- Information about the text in hand, not advice on a case. What needs a lawyer is said to need one.

# A good answer
- gives who must or may do what, when, and what follows otherwise, as the text has it
- keeps every condition, exception, deadline, sum and defined term that changes the result
- keeps "must", "may" and "must not" apart, and says who bears the burden
- cites only provisions and cases that are in the context, or that you have checked
- names its jurisdiction and date where another one would give another answer
- says what is open: an ambiguous clause is called ambiguous

# Never
- a right, duty or remedy that the text does not give
- a promise about how a court will decide
- names or facts of a client that the answer does not need

# Correct it, or reject the pair
- Correct the legal effect first, then what is missing, then the language. Check each citation.
- Reject when the clause is cut off, or belongs to another jurisdiction than the project's.
- Flag the very words that would mislead the reader, even after you have corrected them.
"""

RUBRIC = (
    scale(
        "accuracy",
        "Legal accuracy",
        "Does it give the legal effect of the text, no more and no less?",
        "Turns the effect round, or invents a right, duty or authority.",
        "The gist holds; a condition, party or modality is wrong.",
        "Right in the main; one point that would matter in a dispute is wrong or unsupported.",
        "Right; a nuance (standard, degree, burden) is imprecise.",
        "A careful colleague would sign it as it stands.",
    ),
    scale(
        "completeness",
        "Conditions and exceptions",
        "Are all conditions, exceptions, deadlines and remedies there that change the result?",
        "Leaves out what the text turns on.",
        "Several operative conditions are missing.",
        "One exception, deadline or remedy that matters is missing.",
        "A secondary detail is missing.",
        "Everything that changes the result is there.",
    ),
    scale(
        "clarity",
        "Plain language",
        "Can the intended reader act on it without a lawyer's vocabulary?",
        "Cannot be understood by the reader.",
        "Legalese, copied from the text.",
        "Understandable; one term or sentence needs explaining.",
        "Plain; a word could be plainer.",
        "Plain and exact at once; terms are explained where they are used.",
    ),
    scale(
        "caution",
        "Scope and caution",
        "Does it stay within the text and the project's law, and mark what is open?",
        "Advises on a case, or promises an outcome.",
        "States as settled what is open, or leaves the jurisdiction unclear where it matters.",
        "One statement goes beyond the text without saying so.",
        "Within scope; one limit could be said more plainly.",
        "Within scope; what is open or needs a lawyer is named.",
    ),
)

FLAGS = (
    FlagCategory(
        key="jurisdiction",
        name="Wrong jurisdiction",
        definition="States law of another country, state or court system, or does not say which law it means.",
        examples=(
            "“Your at-will employment can end any day.” Said to an employee in France.",
            "“The statute of limitations is six years.” True for contracts in England, not here.",
        ),
    ),
    FlagCategory(
        key="out_of_date",
        name="Out-of-date law",
        definition="Rests on a provision or case that has been changed, repealed or overruled at the project's date.",
        examples=(
            "“Privacy Shield covers this transfer to the United States.” Struck down in July 2020.",
            "“Roe v. Wade protects this as a constitutional right.” Overruled in June 2022.",
        ),
    ),
    FlagCategory(
        key="invented_authority",
        name="Invented authority",
        definition="Cites a case, provision, page or quotation that does not exist, or does not say that.",
        examples=(
            "“See Varghese v. China Southern Airlines.” A model made it up; lawyers were fined for citing it.",
            "“Section 14(3) requires written consent.” Section 14 has two subsections.",
        ),
    ),
    FlagCategory(
        key="advice",
        name="Advice on a case",
        definition="Tells the reader what to do in their own case, or how it will end, instead of what the text says.",
        examples=(
            "“You will win this in court.” Nobody can say that.",
            "“Do not pay; they cannot touch you.” Advice, and dangerous if wrong.",
        ),
    ),
    FlagCategory(
        key="confidential",
        name="Privilege and confidence",
        definition="Reveals what a client, a mandate or a settlement keeps confidential.",
        examples=(
            "“As your counsel wrote on 3 May, the claim is weak.” A privileged letter.",
            "“The other party settled for 40,000 last year.” Under a confidentiality clause.",
        ),
    ),
)

_OWN = ("wrong_place_or_time", "hallucination")  # the flags above say these more exactly

TEMPLATE = Template(
    key="legal",
    name="Legal",
    says="Clauses, judgments and statutes are explained or summarised for those who must act on them.",
    purpose="Clauses of terms of service in plain English, so that a consumer knows what they agree to.",
    audience="Consumers without a lawyer; our lawyers answer for what it says.",
    settings=default_settings(
        guidelines=GUIDELINES,
        rubric=RUBRIC,
        questions=(
            Question(key="citations", name="Citations", kind="single", options=("none", "checked", "not checked")),
        ),
        taxonomy=(*BIAS, *(each for each in SAFETY if each.key not in _OWN), *FLAGS),
        categories=(
            "wrong legal effect",
            "missing condition",
            "wrong or invented citation",
            "overstated",
            "ambiguous",
            "legalese",
            "factual",
            "incomplete",
            "verbose",
            "format",
            "spelling",
        ),
        edit_reasons=("legal effect", "condition added", "citation", "plainer", "shorter", "bias", "format", "other"),
        template=prompt("Text", "Answer"),
        sign_off=True,
        fast_seconds=8,
        gate={"min_decisive": 50},
    ),
    reasons=(
        "Two lawyers read each pair and must agree, and a lead signs off: a text that is wrong here binds somebody.",
        "At least 50 decisive votes: fewer decide nothing where a mistake costs a dispute. " + WORDS_DIFFER,
    ),
)
