"""A project begins: its settings, guidelines with the team's own examples, and gold pairs made of them."""

from collections.abc import Iterable, Sequence

from hone.labeling import texts
from hone.storage import gold, projects
from hone.storage.errors import InputError
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Example, Project, ProjectSettings
from hone.storage.store import Cursor

HEADINGS = {True: "Good answers", False: "Answers to avoid"}


def begin(cursor: Cursor, name: str, settings: ProjectSettings, by: Person) -> Project:
    """A new project with these settings; each of their examples becomes a gold pair.

    A good example is to be approved, the other kind rejected; `why` is the reason that goes with it.

    Raises:
        InputError: The name cannot be one, or an example cannot be a pair.
        Conflict: The name is taken.
        Forbidden: The person is no lead.
    """
    examples = checked_examples(settings.examples)
    project = projects.create(cursor, name, settings, by)
    for example in examples:
        _make_gold(cursor, project, example, by)
    return project


def add_example(cursor: Cursor, project: Project, example: Example, by: Person) -> tuple[Project, bool]:
    """One more example: in the settings, in the guidelines and as a gold pair. A new version of the project.

    The second is False when no gold pair was made, since the project has a pair with these texts already.

    Raises:
        InputError: The example cannot be a pair, or is there already.
        Conflict: Somebody else changed the settings since `project` was read.
    """
    kept = project.settings
    checked_examples([*kept.examples, example])
    settings = kept.model_copy(
        update={
            "examples": (*kept.examples, example),
            "guidelines": with_examples(kept.guidelines, [example]),
        }
    )
    changed = projects.change(cursor, project, settings, by)
    return changed, _make_gold(cursor, changed, example, by)


def checked_examples(examples: Sequence[Example]) -> Sequence[Example]:
    """The examples, when each can be a pair of its own.

    Raises:
        InputError: One has no instruction or no response, is too long, or is there twice; it is named.
    """
    seen: set[tuple[str, str, str]] = set()
    for example, name in zip(examples, _names(examples), strict=True):
        for what in ("instruction", "response"):
            if not getattr(example, what).strip():
                raise InputError(f"{name} has no {what}. Write both the instruction and the response, or leave it out.")
        for what in ("instruction", "context", "response"):
            texts.must_be_text(f"{what} of {name.lower()}", getattr(example, what))
        key = (example.instruction.strip(), example.context.strip(), example.response.strip())
        if key in seen:
            raise InputError(f"{name} is there twice. Change one of the two, or leave it out.")
        seen.add(key)
    return examples


def with_examples(guidelines: str, examples: Iterable[Example]) -> str:
    """The guidelines with these examples under "Good answers" and "Answers to avoid", which are made if need be."""
    written = guidelines.rstrip()
    for example in examples:
        written = _under(written, HEADINGS[example.good], _told(example))
    return written


def _under(guidelines: str, heading: str, block: str) -> str:
    """The text with a block at the end of the part with this heading."""
    lines = guidelines.split("\n") if guidelines else []
    if f"# {heading}" not in lines:
        return "\n\n".join(part for part in (guidelines, f"# {heading}\n\n{block}") if part)
    start = lines.index(f"# {heading}")
    end = next((place for place in range(start + 1, len(lines)) if lines[place].startswith("#")), len(lines))
    before, after = "\n".join(lines[:end]).rstrip(), "\n".join(lines[end:])
    return "\n\n".join(part for part in (before, block, after) if part)


def _told(example: Example) -> str:
    """An example as a paragraph of the guidelines."""
    parts = {"Asked": example.instruction, "Given": example.context, "Answered": example.response, "Why": example.why}
    return "\n".join(f"{name}: {_without_gaps(text)}" for name, text in parts.items() if text.strip())


def _without_gaps(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _names(examples: Sequence[Example]) -> list[str]:
    """What people call them: Good answer 1, Answer to avoid 2."""
    names, counts = [], {True: 0, False: 0}
    for example in examples:
        counts[example.good] += 1
        names.append(f"{'Good answer' if example.good else 'Answer to avoid'} {counts[example.good]}")
    return names


def _make_gold(cursor: Cursor, project: Project, example: Example, by: Person) -> bool:
    """The gold pair of an example; False when the project has a pair with these texts already."""
    new = NewPair(
        instruction=texts.clean(example.instruction.strip()),
        context=texts.clean(example.context.strip()),
        response=texts.clean(example.response.strip()),
        source="set-up",
    )
    made = gold.add(
        cursor,
        project.id,
        new,
        "approve" if example.good else "reject",
        made_by=by.id,
        reason=example.why,
    )
    return made is not None
