"""What each check of a text finds, and what it leaves alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.checks.every import check, norms_of, own_words, seen, unknown_words
from hone.labeling.checks.found import Found, Norms, Texts
from hone.labeling.checks.kinds import KINDS

ENGLISH = Norms(language="en")
CLAUSE = (
    "The tenant shall pay the rent on the first day of each month. The landlord may terminate this agreement with "
    "thirty days' notice in writing if the rent is more than fourteen days late, and shall return the deposit "
    "within a month after the tenant has left."
)


def found(response: str, instruction: str = "Answer the customer.", context: str = "") -> list[Found]:
    return check(Texts(instruction, context, response), ENGLISH)


def kinds(response: str, instruction: str = "Answer the customer.", context: str = "") -> set[str]:
    return {one.kind for one in found(response, instruction, context)}


def marked(response: str, kind: str) -> list[str]:
    return [response[one.start : one.end] for one in found(response) if one.kind == kind]


CLEAN = [
    ("Explain the clause in plain English.", CLAUSE, "You must pay on the 1st. If you are two weeks late, they can end "
     "the contract with 30 days' notice (in writing); your deposit comes back within a month."),
    ("Summarise the judgment.", CLAUSE, "In Smith v. Jones [2012] EWCA Civ 141 the court held that notice under "
     "s. 21(1)(b) of the Housing Act 1988 was valid; see also Art. 6 and No. 14/2009."),
    ("Write the discharge note.", "Pt 67 y/o, BP 140/90, HR 88, SpO2 97 %, troponin neg x2.", "A patient of 67 "
     "years with chest pain since 12.03.2024. Troponin was negative twice; dyspnoea and syncope were denied. Start "
     "metoprolol 25 mg b.i.d. and review on 2024-03-19 at 10:30."),
    ("Reply to the customer.", "Order 4711-0815-2342 arrived broken.", "Dear Ms Okafor,\n\nI am sorry that your kettle "
     "arrived broken. I can't promise a date yet, but a new one leaves our warehouse tomorrow (parcel 00340434161094). "
     "\n\nKind regards\nThe service team"),
    ("Classify: billing, repair or other?", "My hob does not heat.", "repair"),
    ("Give the total.", "3 x 19.99 and 2 x 4.50", "68.97"),
    ("Write a function that adds two numbers.", "", "```python\ndef add(a, b):\n    return a + b  # x[0]\n```"),
    ("List three fruits.", "", "1. Apple\n2. Pear\n3. Plum"),
    ("Write a haiku.", "", "An old silent pond\nA frog jumps into the pond\nSplash! Silence again"),
    ("Translate into German.", "Good morning.", "Guten Morgen, wie geht es Ihnen? Ich hoffe, dass alles gut ist."),
    ("Which colour did the neighbour favour?", "", "They favoured grey, after analysing the catalogue."),
    ("What does the HTML tag do?", "", "The <b> tag makes text bold, as in <b>word</b>."),
    ("Explain the hash.", "", "Its SHA-256 is e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855."),
    ("Does he come?", "", "Very, very, very likely; he said that he would come."),
    ("Where are the sources?", "According to [1] and [2] it rains.", "It rains [1]."),
]  # fmt: skip


@pytest.mark.parametrize(("instruction", "context", "response"), CLEAN)
def test_clean_legal_medical_and_support_texts_get_no_chip(instruction: str, context: str, response: str) -> None:
    assert found(response.replace(" \n", "\n"), instruction, context) == []


@pytest.mark.parametrize(
    ("response", "kind", "words"),
    [
        ("Write to jane.doe+home@mail.example, please.", "personal_data", "jane.doe+home@mail.example"),
        ("Her card is 4111 1111 1111 1111.", "personal_data", "4111 1111 1111 1111"),
        ("Pay to DE89 3704 0044 0532 0130 00 NOW.", "personal_data", "DE89 3704 0044 0532 0130 00"),
        ("Call me on 030 901820, thanks.", "personal_data", "030 901820"),
        ("Fax: +44 20 7946 0958.", "personal_data", "+44 20 7946 0958"),
        ("My SSN is 123-45-6789.", "personal_data", "123-45-6789"),
        ("DNI 12345678Z", "personal_data", "12345678Z"),
        ("AHV 756.9217.0769.85", "personal_data", "756.9217.0769.85"),
        ("Steuer-ID 86 095 742 719", "personal_data", "86 095 742 719"),
        ("CPF 111.444.777-35", "personal_data", "111.444.777-35"),
        ("Use AKIAABCDEFGHIJKLMNOP for it.", "secret", "AKIAABCDEFGHIJKLMNOP"),
        ("The password: hunter2!x works.", "secret", "hunter2!x"),
        ("postgres://app:s3cr3t@db.example/x", "secret", "app:s3cr3t"),
        ("Es kostet drei â‚¬ im CafÃ©.", "garbled", "â‚¬"),
        ("It is raining.[12] It stops soon.", "residue", "[12]"),
        ("First.\nPage 3 of 7\nSecond.", "residue", "Page 3 of 7\n"),
        ("Salt &amp; pepper are here.", "residue", "&amp;"),
        ("Two words.<|im_end|>", "residue", "<|im_end|>"),
        ("We recieve it.", "spelling", "recieve"),
        ("I will kill you.", "toxic", "I will kill you"),
        ("  Yes, it is.", "spacing", "  "),
        ("One.\n\n\n\nTwo.", "spacing", "\n\n\n\n"),
    ],
)
def test_a_check_marks_the_words(response: str, kind: str, words: str) -> None:
    assert words in marked(response, kind)


@pytest.mark.parametrize(
    "response",
    [
        "The card 4111 1111 1111 1112 is refused.",  # no check digit
        "Version 10.20.30.40 of 12.03.2024, 14:30 to 15:45",
        "ISBN 978-3-16-148410-0 and order 123456789 of 1,234,567.89",
        "Write to the address that you know (name@).",
        "Password: required. Token: none. The secret is that there is none.",
        "See https://www.example.org/a/very/long/path/with/IdsLike/9f86d081884c7d659a2feaa0c55ad015.",
        "The Café serves crème brûlée, Ångström said: naïve â la carte.",
    ],
)
def test_numbers_and_words_that_are_no_personal_data_stay(response: str) -> None:
    assert kinds(response) & {"personal_data", "secret", "garbled"} == set()


@pytest.mark.parametrize(
    ("instruction", "response"),
    [
        ("Describe it in one sentence.", "It is big. It is red. It is mine."),
        ("Summarise in under 10 words.", "word " * 20),
        ("Return valid JSON.", "Sure, the name is Ann."),
        ("Is it due? Answer yes or no.", "The rent is due on Monday."),
        ("Answer with a number only.", "There were many of them."),
        ("List five colours.", "- red\n- green\n- blue"),
        ("In one line, who wrote?", "Ann wrote.\nShe wants a refund."),
        ("Translate to French.", "The tenant has to pay the rent on the first day of the month, and not later."),
    ],
)
def test_a_response_that_is_not_what_was_asked_is_found(instruction: str, response: str) -> None:
    assert "mismatch" in kinds(response, instruction)


@pytest.mark.parametrize(
    ("instruction", "response"),
    [
        ("Describe it in one sentence.", "Dr. Smith met Mr. Jones at 5 p.m. in the U.S. Embassy."),
        ("Name it in one sentence, then give two examples.", "It is a fruit. Apple. Pear."),
        ("Return valid JSON.", '```json\n{"name": "Ann"}\n```'),
        ("Is it due? Answer yes or no.", "**Yes**, it is."),
        ("Answer with a number only.", "forty-two"),
        ("List five colours.", "Red, green, blue, black and white."),
        ("Explain French law in German courts.", "The judge hears both sides, and then decides what is to be done."),
    ],
)
def test_a_response_that_fits_is_left_alone(instruction: str, response: str) -> None:
    assert "mismatch" not in kinds(response, instruction)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        ("", "empty"),
        ("N/A", "empty"),
        ("...", "empty"),
        ("The tenant must pay the rent on the first day of the", "truncated"),
        ("It works like this: ```python\nprint(1)", "truncated"),
        ("You need these things: flour, eggs,", "truncated"),
        ("As an AI language model, I have no opinion on that.", "refusal"),
        ("I'm sorry, but I can't assist with that request.", "refusal"),
        ("Thank you for your letter. " * 4, "repeated"),
        ("no no no no no no no no", "repeated"),
        ("La société doit payer le loyer le premier jour du mois, et le locataire doit partir.", "language"),
    ],
)
def test_a_response_as_a_whole_is_judged(response: str, kind: str) -> None:
    assert kind in kinds(response)


def test_a_fix_stands_in_the_place_of_what_was_found() -> None:
    says = {(one.kind, one.fix) for one in found("Mail a@b.example; it costs 5 â‚¬.[3] Bye.  ")}
    assert says == {("personal_data", "[e-mail]"), ("garbled", "€"), ("residue", ""), ("spacing", "")}


def test_lengths_are_unusual_only_far_from_what_is_usual() -> None:
    usual = [Texts("Reply.", "", "word " * count) for count in range(30, 90)]
    norms = norms_of([seen(one, True) for one in usual])
    assert [one.kind for one in check(Texts("Reply.", "", "word " * 5_000), norms) if one.kind == "length"] == [
        "length"
    ]
    assert not [one for texts in usual for one in check(texts, norms) if one.kind == "length"]


def test_where_all_responses_end_with_a_stop_one_without_was_cut_off() -> None:
    norms = norms_of(
        [seen(Texts("Reply.", "", f"Parcel {number} is on its way to you."), True) for number in range(40)]
    )
    assert "truncated" in {one.kind for one in check(Texts("Reply.", "", "Parcel 77 is on its w"), norms)}


def test_a_word_that_three_pairs_have_is_the_team_s_own() -> None:
    pairs = [Texts("Reply.", "", f"The trak of order {number} is on its way to you.") for number in range(3)]
    assert "spelling" in {one.kind for one in check(pairs[0], ENGLISH)}
    words = {"trak": sum("trak" in unknown_words(texts) for texts in pairs)}
    assert check(pairs[0], own_words(ENGLISH, words)) == []


def test_the_language_of_most_pairs_is_expected() -> None:
    german = Texts("Antworte.", "", "Der Mieter muss die Miete am ersten Tag des Monats zahlen, und nicht später.")
    assert norms_of([seen(german, True)] * 5).language == "de"
    assert check(german, replace(ENGLISH, language="de")) == []
    assert "language" in {one.kind for one in check(german, ENGLISH)}


ANY = st.text(max_size=80) | st.sampled_from(
    ["a@b.example", "4111 1111 1111 1111", "```", "[1]", "\n\n\n", "<b>", "â€™", "in one sentence", "JSON", "(",
     "yes or no", "Page 1 of 2\n", "+49 30 1234567", "AKIAABCDEFGHIJKLMNOP", "\ufffd", "teh"]
)  # fmt: skip
ANYTHING = st.lists(ANY, max_size=6).map(" ".join)


@given(st.builds(Texts, ANYTHING, ANYTHING, ANYTHING))
def test_any_text_is_checked_and_every_span_lies_in_its_field(texts: Texts) -> None:
    for one in check(texts, ENGLISH):
        length = len(getattr(texts, one.field))
        assert one.kind in KINDS
        assert (one.start, one.end) == (0, 0) or 0 <= one.start < one.end <= length
        assert one.says.strip()
        assert one.fix is None or (one.end > 0 and KINDS[one.kind].mend)


def test_a_hundred_kilobytes_of_one_thing_take_no_time() -> None:
    for text in (
        "a" * 100_000,
        "( " * 50_000,
        "1 " * 50_000,
        "<" * 100_000,
        "no " * 33_000,
        "Ã" * 100_000,
        "a@" * 50_000,
    ):
        check(Texts("Reply in one sentence.", "", text), ENGLISH)


@pytest.mark.parametrize("text", [" " * 100_000, "01234567890123456789012345a " * 3_500])
def test_a_long_text_of_blanks_or_digits_is_read_at_once(text: str) -> None:
    assert "personal_data" not in kinds(f"{text}.", context=text)
