"""The one guarded HTTP client for everything this server fetches: public addresses, limits, redirects by hand."""

from drafts.outbound.client import Answer, Limits, get
from drafts.outbound.errors import (
    Forbidden,
    NotConnected,
    OutboundError,
    TooLarge,
    TooManyRedirects,
    TooSlow,
    Unreachable,
)
from drafts.outbound.sending import Guarded, Reply, post

__all__ = [
    "Answer",
    "Forbidden",
    "Guarded",
    "Limits",
    "NotConnected",
    "OutboundError",
    "Reply",
    "TooLarge",
    "TooManyRedirects",
    "TooSlow",
    "Unreachable",
    "get",
    "post",
]
