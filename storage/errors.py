"""What a person can mend. The command line prints these in one line, a page as a message, the API as 4xx.

HoneError
├── InputError        a file, a value or a field is not what is allowed
│   └── NotFound      the thing named does not exist
├── Conflict          the act no longer fits the state: lease lost, already decided, frozen
├── Forbidden         the person's roles do not allow the act
├── WorkspaceError    the workspace cannot be opened as it is: damaged, too new, not there
│   └── Locked        another process holds it
└── RunError          a run cannot start, or failed
"""


class HoneError(Exception):
    """Something a person can mend; the text names what was given, what is allowed, and what to do next."""


class InputError(HoneError):
    """A file, a value or a field is not what is allowed."""


class NotFound(InputError):
    """The thing named does not exist."""


class Conflict(HoneError):
    """The act no longer fits the state of things."""


class Forbidden(HoneError):
    """The person's roles do not allow the act."""


class WorkspaceError(HoneError):
    """The workspace cannot be opened as it is."""


class Locked(WorkspaceError):
    """Another process holds the workspace's database."""

    def __init__(self, message: str, pid: int | None = None, address: str | None = None):
        super().__init__(message)
        self.pid = pid
        self.address = address


class RunError(HoneError):
    """A run cannot start, or failed."""
