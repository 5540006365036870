"""Everything that can go wrong, as one tree.

    WebcareError
    ├── BadInput             what somebody sent cannot be taken; nothing of it was
    │   └── InvalidRecord    a record that no retry will mend: to the dead letters
    ├── Conflict             somebody else was first; carries who and what holds now
    ├── NotFound             there is no such thing
    ├── Unavailable          try again: a full disk, a locked file, a server that is away
    │   └── Backpressure     slow down, and when to come back
    └── Stopped              the line was stopped on purpose, with the reason

The first line of a message says what was wrong and where; `remedy` says what to do.
"""


class WebcareError(Exception):
    """Something went wrong in a way we know."""

    def __init__(self, message: str, *, code: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).__name__.lower()
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class BadInput(WebcareError):
    """What was sent cannot be taken."""


class InvalidRecord(BadInput):
    """A record that no retry will mend."""


class Conflict(WebcareError):
    """Somebody else was first. `current` is the public state that holds now."""

    def __init__(self, message: str, *, code: str, remedy: str = "", current: dict[str, object] | None = None) -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.current = current or {}


class NotFound(WebcareError):
    """There is no such thing."""


class Unavailable(WebcareError):
    """A resource is away or full; nothing was lost that had been acknowledged, and a retry may succeed."""


class Backpressure(Unavailable):
    """Slow down. `retry_after_s` says when to come back."""

    def __init__(self, message: str, *, retry_after_s: float, code: str = "backpressure") -> None:
        super().__init__(message, code=code, remedy=f"Try again in {retry_after_s:g} s.")
        self.retry_after_s = retry_after_s


class Stopped(WebcareError):
    """The line was stopped on purpose, before it did harm."""
