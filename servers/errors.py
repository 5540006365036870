"""What can go wrong here."""


class ServerTrouble(Exception):
    """A server cannot be had; the message says why and what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
