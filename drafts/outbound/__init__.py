"""The one guarded HTTP client for everything this server fetches: public addresses, limits, redirects by hand."""

from drafts.outbound.client import Answer, Limits, get
from drafts.outbound.errors import Forbidden, OutboundError, TooLarge, TooManyRedirects, TooSlow, Unreachable

__all__ = [
    "Answer",
    "Forbidden",
    "Limits",
    "OutboundError",
    "TooLarge",
    "TooManyRedirects",
    "TooSlow",
    "Unreachable",
    "get",
]
