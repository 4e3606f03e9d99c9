"""Why an identity token is not exchanged: the public index's codes, and a sentence for who reads CI's log."""

from enum import StrEnum


class Code(StrEnum):
    """The codes that the public index answers with."""

    PAYLOAD = "invalid-payload"
    TOKEN = "invalid-token"  # noqa: S105  a word, not a secret
    PUBLISHER = "invalid-publisher"
    REUSED = "invalid-reuse-token"


class NotExchanged(Exception):
    """An identity token that mints nothing; ``code`` for machines, the text for people."""

    def __init__(self, code: Code, description: str) -> None:
        super().__init__(description)
        self.code = code
