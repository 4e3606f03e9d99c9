"""Why a CI provider gave nothing: sentences for the person who asked for a run, or set where CI runs."""

from datetime import datetime


class ProviderError(Exception):
    """The provider's answer is final: asking again gives the same."""


class WrongToken(ProviderError):
    """The provider does not take the token, or the token may not read this."""


class NotThere(ProviderError):
    """There is no such thing, or the token may not know of it: providers do not say which."""


class Expired(ProviderError):
    """It was there, and the provider deleted it."""


class TooMuch(ProviderError):
    """It is larger than what is fetched."""


class Down(ProviderError):
    """The provider cannot be reached or is at fault itself: it may go better in a while."""


class RateLimited(ProviderError):
    """The provider wants to be left alone until ``until`` (UTC)."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until
