"""The HTML of the pages outside the app. Whatever somebody typed is escaped."""

from html import escape
from urllib.parse import quote

from hone.platform.access.identity import EXAMPLE_PASSWORD
from hone.storage.people import Person

MARK = (
    '<svg viewBox="0 0 32 32" aria-hidden="true">'
    '<path class="blade" d="M3 18.5 28.2 4.6c.6-.3 1.1.2.9.8-1.7 6.3-6.9 11-14.6 12.7z"/>'
    '<path class="stone" d="M6.2 21.5h22.3a1.5 1.5 0 0 1 1.4 2l-1.3 3.6a2 2 0 0 1-1.9 1.3H4.4a1.5 1.5 0 0 1-1.4-2'
    'l1.3-3.6a2 2 0 0 1 1.9-1.3z"/></svg>'
)


def sign_in(wanted: str, name: str, wrong: str, said: str, examples: list[Person], provider: str | None) -> str:
    """The form of name and password, the provider's button, and the example accounts when there are any."""
    return _document(
        "Sign in",
        f"""<div class="columns"><div>
<h1>Sign in</h1>
{_message("wrong", wrong)}{_message("good", said)}
<form method="post" action="/sign-in">
{_next(wanted)}<label for="name">Name</label>
<input id="name" name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none" spellcheck="false"
 required{"" if name else " autofocus"}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password"
 required{" autofocus" if name else ""}>
<button class="act">Sign in</button>
</form>
{_provider(provider, wanted)}</div>
{_examples(examples, wanted)}</div>""",
    )


def sign_out(person: Person) -> str:
    """One button."""
    return _document(
        "Sign out",
        f"""<h1>Sign out</h1>
<p>You are signed in as <strong>{escape(person.full_name)}</strong>.</p>
<form method="post" action="/sign-out"><button>Sign out</button></form>
<form method="get" action="/"><button class="second">Stay signed in</button></form>""",
    )


def welcome(person: Person, token: str, full_name: str | None = None, wrong: str = "") -> str:
    """Full name and password of somebody who was invited."""
    shown = person.full_name if full_name is None else full_name
    return _document(
        "Welcome",
        f"""<h1>Welcome to Hone</h1>
<p>You were invited as <strong>{escape(_roles(person))}</strong>. Choose how others see you, and a password.</p>
{_message("wrong", wrong)}
<form method="post" action="/welcome">
<input type="hidden" name="token" value="{escape(token)}">
<label for="name">Name to sign in with</label>
<input id="name" value="{escape(person.name)}" autocomplete="username" readonly>
<label for="full_name">Full name</label>
<input id="full_name" name="full_name" value="{escape(shown)}" autocomplete="name" maxlength="80" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="8" maxlength="200" required
 aria-describedby="password-hint">
<p class="hint" id="password-hint">8 characters or more. A few words in a row are easy to keep.</p>
<label for="again">Password again</label>
<input id="again" name="again" type="password" autocomplete="new-password" minlength="8" maxlength="200" required>
<button class="act">Save and sign in</button>
</form>""",
    )


def no_invitation() -> str:
    """The link does not, or no longer, invite anybody."""
    return _document(
        "Link expired",
        """<h1>This link no longer works</h1>
<p>It was used already, or it is older than a week. Ask an admin for a new one.</p>
<p>You chose a password before? <a href="/sign-in">Sign in</a>.</p>""",
    )


def _document(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Hone</title>
<link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/sign-in.css">
</head>
<body>
<main>
<div class="wordmark">{MARK}Hone</div>
{body}
</main>
</body>
</html>
"""


def _message(kind: str, text: str) -> str:
    role = "alert" if kind == "wrong" else "status"
    return f'<div class="message {kind}" role="{role}">{escape(text)}</div>' if text else ""


def _next(wanted: str) -> str:
    return f'<input type="hidden" name="next" value="{escape(wanted)}">\n'


def _provider(provider: str | None, wanted: str) -> str:
    if provider is None:
        return ""
    where = f"/sign-in/provider?next={quote(wanted, safe='/')}"
    return f'<section><a class="button second" href="{where}">Sign in with {escape(provider)}</a></section>'


def _examples(examples: list[Person], wanted: str) -> str:
    if not examples:
        return ""
    people = "\n".join(f"<li>{_example(person, wanted)}</li>" for person in examples)
    return f"""<section class="example">
<h2>Example workspace <span class="tag">example data</span></h2>
<p>Look around as one of its people. Their password is <strong>{EXAMPLE_PASSWORD}</strong>.</p>
<ul>
{people}
</ul>
</section>"""


def _example(person: Person, wanted: str) -> str:
    """A form of its own, so that one press signs in, without a script."""
    return (
        f'<form method="post" action="/sign-in">{_next(wanted)}'
        f'<input type="hidden" name="name" value="{escape(person.name)}">'
        f'<input type="hidden" name="password" value="{EXAMPLE_PASSWORD}">'
        f'<button class="person">{escape(person.full_name)}<span>{escape(_roles(person))}</span></button></form>'
    )


def _roles(person: Person) -> str:
    *first, last = person.roles or ("guest",)
    return f"{', '.join(first)} and {last}" if first else last
