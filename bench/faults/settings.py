"""The product's settings for a campaign: what is measured in hours takes seconds, and one token may open many drafts."""

from config.settings import *  # noqa: F403  all of them, but for what follows

PURGE_GRACE_HOURS = 1 / 3600
DRAFTS_OPENED_PER_HOUR = 100_000
SCHEDULE_SOONEST_SECONDS = 1
ORDER_AGAIN_SECONDS = 1
READY_AGAIN_SECONDS = 1
LIVE_DRAFTS_PER_PROJECT = 10_000
