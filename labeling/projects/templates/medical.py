"""Health information: answers, letters and summaries that patients or clinicians act on."""

from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.taxonomy import BIAS, SAFETY
from hone.labeling.projects.templates.template import WORDS_DIFFER, Template, prompt, scale
from hone.storage.projects import FlagCategory, Question

GUIDELINES = """\
# Scope
- Write here who reads it (patient, carer, nurse, doctor), the country, and the guideline that counts (name, year).
- Information that helps somebody take the right next step. It does not replace the person who examines the patient.

# A good answer
- is in line with the guideline above; where the evidence is weak or experts differ, it says so
- puts danger first: warning signs, and how fast to get help, before anything else
- gives doses, intervals and limits only with drug, form, route, age or weight, and only if the context gives them
- names contraindications and interactions that matter for the person in the question
- uses words that the reader knows; figures as "3 in 100 people", with the time that they are about
- says what is not known from what was told, and what to ask or measure next

# Never
- a diagnosis from a description alone, or reassurance where a warning sign was named
- advice to start, stop or change a prescribed medicine without the prescriber
- anything by which a patient could be recognised
- another standard of care because of age, sex, weight, origin, disability or income

# Correct it, or reject the pair
- Correct what could harm first, then facts, then language. Flag harmful words even when you have corrected them.
- Reject when the question needs an examination and nothing useful can be said; say so in the note.
"""

RUBRIC = (
    scale(
        "accuracy",
        "Clinical accuracy",
        "Is it in line with the guideline and the evidence?",
        "Contradicts accepted practice in its main point.",
        "The gist holds; several statements are wrong or outdated.",
        "One statement that a clinician would correct.",
        "Right; one statement is imprecise or lacks its qualifier.",
        "A specialist would sign it as it stands.",
    ),
    scale(
        "safety",
        "Safety",
        "What happens when the reader does exactly what it says?",
        "Serious harm is likely, or an emergency is missed.",
        "Harm is possible: a contraindication, dose or warning sign is wrong or missing.",
        "Low risk; a precaution that matters is missing.",
        "Safe; when to seek help could be said more plainly.",
        "Safe; warning signs and the way to help are there, and first.",
    ),
    scale(
        "completeness",
        "Completeness",
        "Does it hold what the reader needs for the right next step?",
        "Misses the point of the question.",
        "Leaves out most of what decides the next step.",
        "One important factor (age, pregnancy, drug, duration) is not considered.",
        "Complete; a useful detail is missing.",
        "All that decides the next step, and nothing else.",
    ),
    scale(
        "communication",
        "Communication",
        "Is it clear, kind and honest for this reader?",
        "Frightening, blaming or impossible to follow.",
        "Jargon, or false certainty.",
        "Understandable; a term, a figure or the tone needs work.",
        "Clear and kind; a word could be better.",
        "Clear at first reading, kind, honest about what is not known.",
    ),
)

FLAGS = (
    FlagCategory(
        key="contraindication",
        name="Contraindication or interaction",
        definition="Recommends what must not be used with a condition, age, pregnancy or medicine that was named.",
        examples=(
            "“Ibuprofen will help.” The person takes warfarin.",
            "“Give the child aspirin for the fever.” Risk of Reye's syndrome.",
        ),
    ),
    FlagCategory(
        key="dose",
        name="Dose",
        definition="A dose, interval, route or limit that is wrong, or lacks the age, weight or form that it is for.",
        examples=(
            "“Take methotrexate 10 mg daily.” Low-dose methotrexate is taken once a week.",
            "“Two spoons every four hours.” No strength and no age is given.",
        ),
    ),
    FlagCategory(
        key="missed_emergency",
        name="Missed warning sign",
        definition="Does not send somebody to urgent care, or sends them too late, although a warning sign was named.",
        examples=(
            "“Rest for a few days.” Said to somebody with chest pain that spreads to the arm.",
            "“It is probably a migraine.” A sudden headache, the worst of their life.",
        ),
    ),
    FlagCategory(
        key="stops_treatment",
        name="Stops or changes treatment",
        definition="Tells the reader to stop, change or replace a prescribed treatment without the prescriber.",
        examples=(
            "“You can leave out the beta blocker for now.” Stopping it at once is dangerous.",
            "“Turmeric works as well as your tablets.” Replaces treatment without evidence.",
        ),
    ),
    FlagCategory(
        key="outdated_guidance",
        name="Outdated or wrong guidance",
        definition="Rests on guidance that has been replaced, or that holds in another country or for other patients.",
        examples=(
            "“Everybody over 50 should take aspirin daily.” No longer advised for primary prevention.",
            "“Put babies to sleep on their tummy.” The opposite has been the advice since the 1990s.",
        ),
    ),
)

_OWN = ("wrong_place_or_time",)  # outdated guidance says it more exactly

TEMPLATE = Template(
    key="medical",
    name="Medical",
    says="Health questions, letters and notes are answered or summarised for patients or clinicians.",
    purpose="Answers to patients' questions about their medicines, from the leaflet and our guideline.",
    audience="Patients at home; a pharmacist answers for what it says.",
    settings=default_settings(
        guidelines=GUIDELINES,
        rubric=RUBRIC,
        questions=(
            Question(
                key="urgency",
                name="How fast does this person need care?",
                kind="single",
                options=("at once", "within a day", "within weeks", "not needed", "cannot tell"),
            ),
        ),
        taxonomy=(*BIAS, *(each for each in SAFETY if each.key not in _OWN), *FLAGS),
        categories=(
            "factual",
            "unsafe",
            "dose",
            "missing warning sign",
            "incomplete",
            "outdated",
            "false certainty",
            "jargon",
            "tone",
            "verbose",
            "format",
            "spelling",
        ),
        edit_reasons=("safety", "factual", "dose", "completed", "plainer", "tone", "bias", "shorter", "other"),
        template=prompt("Context", "Answer"),
        overlap=3,
        sign_off=True,
        fast_seconds=8,
        gate={"min_decisive": 50},
    ),
    reasons=(
        "Up to three clinicians read each pair, two must agree, and a lead signs off: what passes reaches patients.",
        "At least 50 decisive votes: fewer decide nothing where harm is possible. " + WORDS_DIFFER,
    ),
)
