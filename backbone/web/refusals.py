"""What only HTTP can refuse."""

from backbone.errors import Conflict, WebcareError


class Unauthorized(WebcareError):
    """No key, or one that we do not know."""


class Forbidden(WebcareError):
    """Known, and not allowed."""


class PreconditionFailed(Conflict):
    """The caller's If-Match is not what holds now."""
