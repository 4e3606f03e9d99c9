"""Everything that clients do in a campaign, each act listed once: a new room joins by adding its entry to a list."""

from bench.faults.acts import orders, people, readers, releases, sessions, times, train_links, trains, uploads
from bench.faults.acts.act import Act, Said, perform

ACTS: tuple[Act, ...] = (
    *uploads.ACTS,
    *sessions.ACTS,
    *people.ACTS,
    *readers.ACTS,
    *trains.ACTS,
    *train_links.ACTS,
    *times.ACTS,
    *releases.ACTS,
    *orders.ACTS,
)
NAMED = {act.name: act for act in ACTS}

__all__ = ["ACTS", "NAMED", "Act", "Said", "perform"]
