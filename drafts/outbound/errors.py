"""Why something could not be fetched: sentences without addresses of this network and without queries, which may be signed."""


class OutboundError(Exception):
    """Nothing was fetched, or not all of it; what came so far counts for nothing."""


class Forbidden(OutboundError):
    """The address may not be asked. Asking again changes nothing."""


class TooManyRedirects(OutboundError):
    """The answer sends from one address to the next. Asking again changes nothing."""


class TooLarge(OutboundError):
    """The answer is larger than what is read. Asking again changes nothing."""


class Unreachable(OutboundError):
    """Nobody answered, or the answer broke off. It may go better in a while."""


class NotConnected(Unreachable):
    """There was no connection, so nothing was sent. It may go better in a while."""


class TooSlow(Unreachable):
    """The whole answer did not come in the time there is for it."""
