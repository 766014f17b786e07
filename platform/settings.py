"""hone.toml: how a workspace is served, signed in to, and how its runs use the machine."""

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from hone.platform.access.private import write_private
from hone.storage.errors import InputError
from hone.storage.records import Record

Launcher = Literal["local", "torchrun", "ray"]
Address = Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$")]  # runs and reports name it: no password in it


class Server(Record):
    """Where the pages are served."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8501, ge=0, le=65535)  # 0 takes any free port


class Oidc(Record):
    """Single sign-on through an OpenID Connect provider; whoever comes must have an account with that email."""

    provider: str = Field(default="single sign-on", min_length=1)
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1)
    server_metadata_url: str = Field(pattern="^https?://")
    redirect_uri: str = Field(pattern="^https?://[^/]+/oauth2callback$")


class Training(Record):
    """What runs may use, and where training runs go.

    `threads` None: all cores this machine lends; `at_once`: runs side by side; `launcher`: what starts the processes
    of a training run; `processes`: how many learn together; `ray_address`: the cluster, None starts one here;
    `servers`: who else may answer. A lead chooses among them: the key and the network are those of this machine.
    """

    threads: int | None = Field(default=None, ge=1, le=1024)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    at_once: int = Field(default=1, ge=1, le=64)
    launcher: Launcher = "local"
    processes: int = Field(default=1, ge=1, le=1024)
    ray_address: str | None = Field(default=None, min_length=1)
    servers: tuple[Address, ...] = ()

    @field_validator("servers", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return tuple(given) if isinstance(given, list) else given  # pyright: ignore[reportUnknownArgumentType]

    @model_validator(mode="after")
    def _launched_by_somebody(self) -> Self:
        if self.processes > 1 and self.launcher == "local":
            raise ValueError(
                f"processes is {self.processes}, but launcher is 'local', which starts one; "
                'set launcher = "torchrun" or "ray", or take processes out'
            )
        return self


class Settings(Record):
    """All of hone.toml."""

    server: Server = Server()
    oidc: Oidc | None = None
    training: Training = Training()


DEFAULT_TEXT = """\
# Settings of this workspace. Every line may be left out; the values shown are what Hone takes then.

[server]
# host = "127.0.0.1"   # "0.0.0.0" lets other machines in: put a proxy with HTTPS in front
# port = 8501          # 0 takes any free port

[training]
# threads = 4          # of the processor, for each process of a run; left out: all that this machine lends
# device = "auto"      # auto, cpu, cuda or mps
# at_once = 1          # runs side by side; others wait
# launcher = "local"   # local, torchrun (several processes or cards of this machine) or ray (a cluster)
# processes = 1        # that learn together in one training run; more than 1 needs torchrun or ray
# ray_address = "auto" # the cluster for ray: auto, host:6379 or ray://host:10001; left out: one is started here
# servers = []         # that may answer as OpenAI does: "http://gpu-host:8000/v1"; HONE_SERVER_KEY goes there

# Single sign-on. People need an account here with the same email (page People).
# [oidc]
# provider = "Example Ltd"   # the name on the button
# client_id = "..."
# client_secret = "..."
# server_metadata_url = "https://login.example.org/.well-known/openid-configuration"
# redirect_uri = "https://hone.example.org/oauth2callback"
"""


def read(path: Path) -> Settings:
    """The settings in a file; the defaults when there is none.

    Raises:
        InputError: It is no TOML, a key is unknown (the nearest right one is named), or a value is not allowed.
    """
    if not path.exists():
        return Settings()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"Cannot read {path}: {problem}.") from problem
    except tomllib.TOMLDecodeError as problem:
        raise InputError(f"{path} is not valid TOML: {problem}.") from problem
    try:
        return Settings.model_validate(found, strict=True)
    except ValidationError as problem:
        raise InputError(f"{path}: {_said(problem.errors()[0])}") from problem


def write_default(path: Path) -> None:
    """Write the commented default file, for its owner's eyes only; a file that is there stays as it is."""
    if not path.exists():
        write_private(path, DEFAULT_TEXT)


SECTIONS: dict[str, type[Record]] = {"server": Server, "oidc": Oidc, "training": Training}


def _said(error: ErrorDetails) -> str:
    section, *rest = (str(part) for part in error["loc"])
    if not rest:
        return _about_section(section, error)
    known = list(SECTIONS[section].model_fields)
    name = f"[{section}] {rest[0]}"
    if error["type"] == "extra_forbidden":
        return f"{name} is no setting. {_nearest(rest[0], known)}"
    if error["type"] == "missing":
        return f"{name} is missing. Add a line `{rest[0]} = ...`."
    return f"{name} is {_shown(error['input'])}; {_allowed(error)}."


def _about_section(section: str, error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return f"[{section}] is no section. {_nearest(section, list(SECTIONS))}"
    if error["type"] == "value_error":
        return f"[{section}] {error.get('ctx', {}).get('error')}."
    return f"{section} is {_shown(error['input'])}; it must be a section that starts with the line [{section}]."


def _nearest(given: str, known: list[str]) -> str:
    near = get_close_matches(given.lower(), known, n=1, cutoff=0.5)
    return (f"Did you mean {near[0]}? " if near else "") + f"There are: {', '.join(known)}."


def _shown(value: Any) -> str:
    """As it stands in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else str(value)


_ALLOWED = {
    "int_parsing": "it must be a whole number, without quotes",
    "int_type": "it must be a whole number, without quotes",
    "int_from_float": "it must be a whole number",
    "string_type": "it must be a text in quotes",
    "tuple_type": "it must be a list of texts, in brackets",
    "string_too_short": "it must not be empty",
}


def _allowed(error: ErrorDetails) -> str:
    limits = error.get("ctx", {})
    if error["type"] == "greater_than_equal":
        return f"it must be {limits['ge']} or more"
    if error["type"] == "less_than_equal":
        return f"it must be {limits['le']} or less"
    if error["type"] == "literal_error":
        return f"it must be {limits['expected']}"
    if error["type"] == "string_pattern_mismatch":
        ends = " that ends in /oauth2callback" if "oauth2callback" in limits["pattern"] else ""
        return f"it must be a whole web address{ends}{' without a password in it' if '@' in limits['pattern'] else ''}"
    return _ALLOWED.get(error["type"], f"this is not allowed: {error['msg']}")
