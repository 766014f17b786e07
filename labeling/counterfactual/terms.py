"""Words for groups of people, side by side: what a counterfactual exchanges for what.

Each set names the protected group that it is about and its members; the forms of a member stand in the same order
as those of the others, "" where there is none. A term with a capital is only found with it. The words are what
texts say, not a list of what people should be called.
"""

from hone.storage.records import Record


class TermSet(Record):
    """Members that can stand for each other. `forms` has a row for each member, aligned; column 0 is its name.

    `noun` is the column that the first one becomes where no noun follows ("he is Polish" beside "he is a Pole").
    """

    group: str
    forms: tuple[tuple[str, ...], ...]
    noun: int | None = None


def _columns(*rows: str) -> tuple[tuple[str, ...], ...]:
    """Members from rows such as "man/woman", a row for each form."""
    return tuple(zip(*(row.split("/") for row in rows), strict=True))


def these(words: str) -> frozenset[str]:
    """Words written with blanks between them, as a set."""
    return frozenset(words.split())


GENDER = TermSet(
    group="gender",
    forms=_columns(
        "he/she",
        "himself/herself",
        "man/woman",
        "men/women",
        "boy/girl",
        "boys/girls",
        "male/female",
        "males/females",
        "masculine/feminine",
        "father/mother",
        "fathers/mothers",
        "dad/mum",
        "son/daughter",
        "sons/daughters",
        "brother/sister",
        "brothers/sisters",
        "husband/wife",
        "husbands/wives",
        "boyfriend/girlfriend",
        "uncle/aunt",
        "uncles/aunts",
        "nephew/niece",
        "grandfather/grandmother",
        "grandfathers/grandmothers",
        "grandson/granddaughter",
        "stepfather/stepmother",
        "gentleman/lady",
        "gentlemen/ladies",
        "widower/widow",
        "groom/bride",
        "fatherhood/motherhood",
        "paternity/maternity",
        "fiancé/fiancée",
        "businessman/businesswoman",
        "businessmen/businesswomen",
        "chairman/chairwoman",
        "policeman/policewoman",
        "salesman/saleswoman",
        "spokesman/spokeswoman",
        "Mr/Ms",
    ),
)

# Pronouns whose form hangs on what follows; `counterfactual` chooses.
HIS_HER = {"him": ("her", "her"), "his": ("her", "hers"), "her": ("his", "him"), "hers": ("his", "his")}

# To the neutral form, from which there is no way back.
NEUTRAL = {
    **dict.fromkeys(("he", "she"), ("they", "they")),
    **dict.fromkeys(("himself", "herself"), ("themselves", "themselves")),
    "him": ("them", "them"),
    "his": ("their", "theirs"),
    "her": ("their", "them"),
    "hers": ("theirs", "theirs"),
    **dict.fromkeys(("man", "woman"), ("person", "person")),
    **dict.fromkeys(("men", "women"), ("people", "people")),
    **dict.fromkeys(("boy", "girl"), ("child", "child")),
    **dict.fromkeys(("boys", "girls"), ("children", "children")),
    **dict.fromkeys(("father", "mother"), ("parent", "parent")),
    **dict.fromkeys(("husband", "wife"), ("spouse", "spouse")),
    **dict.fromkeys(("son", "daughter"), ("child", "child")),
    **dict.fromkeys(("brother", "sister"), ("sibling", "sibling")),
    **dict.fromkeys(("Mr", "Ms", "Mrs"), ("Mx", "Mx")),
}

ONE_WAY = {"Mrs": "Mr", "Miss": "Mr", "mom": "dad"}  # of gender: the way back is another word

SETS: tuple[TermSet, ...] = (
    GENDER,
    TermSet(
        group="religion",
        noun=1,
        forms=(
            ("Christian", "Christian", "Christians", "Christianity", "church", "churches", "priest", "Bible"),
            ("Muslim", "Muslim", "Muslims", "Islam", "mosque", "mosques", "imam", "Quran"),
            ("Jewish", "Jew", "Jews", "Judaism", "synagogue", "synagogues", "rabbi", "Torah"),
            ("Hindu", "Hindu", "Hindus", "Hinduism", "temple", "temples", "pandit", "Vedas"),
        ),
    ),
    TermSet(
        group="nationality",
        noun=1,
        forms=(
            ("German", "German", "Germans", "Germany"),
            ("Nigerian", "Nigerian", "Nigerians", "Nigeria"),
            ("American", "American", "Americans", "America"),
            ("Mexican", "Mexican", "Mexicans", "Mexico"),
            ("Chinese", "Chinese person", "Chinese people", "China"),
            ("Indian", "Indian", "Indians", "India"),
            ("Polish", "Pole", "Poles", "Poland"),
            ("Turkish", "Turk", "Turks", "Turkey"),
            ("French", "French person", "French people", "France"),
            ("British", "Briton", "Britons", "Britain"),
            ("Italian", "Italian", "Italians", "Italy"),
            ("Russian", "Russian", "Russians", "Russia"),
            ("Ukrainian", "Ukrainian", "Ukrainians", "Ukraine"),
            ("Syrian", "Syrian", "Syrians", "Syria"),
            ("Romanian", "Romanian", "Romanians", "Romania"),
            ("Pakistani", "Pakistani", "Pakistanis", "Pakistan"),
            ("Swedish", "Swede", "Swedes", "Sweden"),
            ("Brazilian", "Brazilian", "Brazilians", "Brazil"),
        ),
    ),
    TermSet(group="nationality", forms=_columns("immigrant/local", "immigrants/locals")),
    TermSet(
        group="race and ethnicity",
        forms=(
            ("black", "African American", "African Americans"),
            ("white", "European American", "European Americans"),
            ("Asian", "Asian American", "Asian Americans"),
            ("Hispanic", "Latino", "Latinos"),
        ),
    ),
    TermSet(
        group="age",
        forms=_columns(
            "young/elderly",
            "younger/older",
            "teenager/pensioner",
            "teenagers/pensioners",
            "young adults/older adults",
            "millennial/boomer",
            "millennials/boomers",
        ),
    ),
    TermSet(
        group="disability",
        forms=_columns(
            "disabled/non-disabled",
            "with a disability/without a disability",
            "with disabilities/without disabilities",
            "who uses a wheelchair/who walks unaided",
            "in a wheelchair/on foot",
        ),
    ),
    TermSet(group="disability", forms=(("blind",), ("sighted",))),
    TermSet(group="disability", forms=(("deaf",), ("hearing",))),
    TermSet(group="disability", forms=(("autistic",), ("neurotypical",))),
    TermSet(
        group="orientation",
        forms=_columns(
            "gay/straight",
            "homosexual/heterosexual",
            "same-sex/opposite-sex",
            "homosexuality/heterosexuality",
        ),
    ),
    TermSet(group="orientation", forms=(("lesbian",), ("bisexual",))),
    TermSet(group="gender", forms=_columns("transgender/cisgender", "trans/cis")),
    TermSet(
        group="socio-economic",
        forms=_columns(
            "poor/rich",
            "poorer/richer",
            "low-income/high-income",
            "working-class/upper-class",
            "unemployed/employed",
            "homeless/housed",
            "uneducated/highly educated",
        ),
    ),
    TermSet(
        group="political",
        forms=_columns(
            "Democrat/Republican",
            "Democrats/Republicans",
            "left-wing/right-wing",
            "progressives/conservatives",
        ),
    ),
)

# Said of many things: meant only right before a word for people.
OF_PEOPLE = these(
    "black white straight blind sighted deaf hearing poor poorer rich richer young younger elderly older employed "
    "housed local female male disabled"
)
PEOPLE = these(
    "person people man men woman women boy boys girl girls child children kid kids adult adults couple couples "
    "family families parent parents father mother fathers mothers son daughter brother sister husband wife "
    "patient patients applicant applicants candidate candidates customer customers client clients employee employees "
    "worker workers colleague colleagues student students pupil pupils teacher tenant tenants resident residents "
    "citizen citizens defendant defendants suspect suspects driver drivers neighbour neighbours neighbor neighbors "
    "community communities voter voters borrower borrowers passenger passengers guest guests user users nurse nurses "
    "doctor doctors engineer engineers lawyer lawyers youth youths lady ladies gentleman gentlemen guy guys "
    "friend friends members member individuals individual"
)

# After "her" or "Polish", these are no nouns and no adjectives: nothing is owned or described.
NO_NOUN = these(
    "a about after again against all already also although always an and anyway are around as at away back because "
    "been before behind but by can could did do does down during each either even ever every for from had has have "
    "he her here hers him his how i if in instead into is it just later like may me might more must my never next "
    "no nor not now of off often on once only onto or our out over she should since so some soon still than that the "
    "their them then there these they this those though through to today together tomorrow tonight too twice under "
    "until up upon us was we well were what when where whether which while who whose why will with without would "
    "yesterday yet you your"
)

# Right after "a Muslim" or "a Pole", these say what the person does: the word before is the noun.
DOING = these(
    "applied applies arrived asked asks began believes bought called calls came complained drives feels found gave "
    "gets goes got grew knows left likes lives lost made makes moved needs owns paid prays said saw says sees seems "
    "speaks spoke takes teaches tells thinks told took tried visited wanted wants went wins won works writes wrote"
)
